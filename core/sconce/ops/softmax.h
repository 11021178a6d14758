// Softmax and its logarithm along one dimension.
#pragma once
#include <sconce/tensor.h>

#include <optional>

namespace sconce {

// exp(self) / sum(exp(self)) along dim, for f64 f32 f16 bf16; with a dtype, the elements are cast to it
// first. As torch.nn.functional.softmax, without its guess for a missing dim.
Tensor softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype = {});
// log(softmax(self)), without its overflow.
Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype = {});

}  // namespace sconce
