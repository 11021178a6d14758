// Elements in another order, and triangles of matrices.
#pragma once
#include <sconce/ops/sizes.h>
#include <sconce/tensor.h>

namespace sconce {

// The elements moved on by `shifts` along `dims`, those that leave at the end coming back at the beginning; without
// dims along the flattened tensor. Of any dtype. As torch.roll.
Tensor roll(const Tensor& self, const Sizes& shifts, const Sizes& dims = {});
// The elements in reverse order along `dims`. As torch.flip.
Tensor flip(const Tensor& self, const Sizes& dims);
// Of matrices [..., rows, columns]: self on and below (above) the diagonal, which may be moved up by `diagonal`, and
// 0 elsewhere. As torch.tril and torch.triu. Throw PyTorch's "tril: input tensor must have at least 2 dimensions".
Tensor tril(const Tensor& self, int64_t diagonal = 0);
Tensor triu(const Tensor& self, int64_t diagonal = 0);

}  // namespace sconce
