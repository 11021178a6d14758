// The arithmetic behind view and reshape.
#pragma once
#include <sconce/tensor.h>

#include <optional>

namespace sconce {

// "[2, 3]".
std::string list(const std::vector<int64_t>& values);

// `wanted` with its one -1 resolved for `numel` elements. Throws PyTorch's words when they do not fit.
Shape infer_shape(const std::vector<int64_t>& wanted, int64_t numel);

// Strides under which `tensor`'s elements, in order, have the shape `wanted` without a copy; nullopt where
// there are none. The shape must have as many elements as the tensor.
std::optional<Strides> view_strides(const Tensor& tensor, const Shape& wanted);

}  // namespace sconce
