// Resolving the dimensions of a reduction or of an op along one dimension.
#pragma once
#include <sconce/kernels/op_codes.h>
#include <sconce/ops/reduce.h>

namespace sconce {

// The dimensions of `dims` (all, when empty), resolved, in ascending order. Throws PyTorch's words on one
// that is out of range or named twice.
std::vector<int64_t> resolve_dims(const Shape& shape, const Dims& dims);
// The shape that is left when these are reduced.
Shape reduced_shape(const Shape& shape, const std::vector<int64_t>& dims, bool keepdim);

// A tensor made contiguous with the reduced dimensions side by side, and its strips along them.
struct Laid {
  Tensor tensor;
  Strips strips;
};
Laid lay_out(const Tensor& self, const std::vector<int64_t>& dims);

}  // namespace sconce
