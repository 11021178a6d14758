// Products of matrices.
#pragma once
#include <sconce/tensor.h>

namespace sconce {

// All take f64 f32 f16 bf16 i8 i16 i32 i64 u8 complex64 complex128, both sides of one dtype, and throw
// PyTorch's words (ErrorKind::invalid_argument) when shapes or dtypes do not fit; ErrorKind::unsupported for
// another dtype. Sums of f16 and bf16 are kept in f32 and rounded once; integers wrap around.

// input @ weight.T + bias, as torch.nn.functional.linear: [..., in], [out, in], [out] -> [..., out]. Without
// bias the weight may have one dimension: [in] -> [...].
Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});

// As torch.matmul: dot product of vectors, matrix with vector, matrices, or batches of matrices that
// broadcast.
Tensor matmul(const Tensor& self, const Tensor& other);
// [n] with [n] -> scalar, as torch.dot.
Tensor dot(const Tensor& self, const Tensor& other);
// [m, k] with [k] -> [m], as torch.mv.
Tensor mv(const Tensor& self, const Tensor& vec);
// [m, k] with [k, n] -> [m, n], as torch.mm.
Tensor mm(const Tensor& self, const Tensor& mat2);
// [b, m, k] with [b, k, n] -> [b, m, n], as torch.bmm.
Tensor bmm(const Tensor& self, const Tensor& mat2);

// beta * self + alpha * (mat1 @ mat2), as torch.addmm; self broadcasts to the result. With beta 0 self is not
// read.
Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar beta = 1, Scalar alpha = 1);
// The same for batches, as torch.baddbmm.
Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar beta = 1,
               Scalar alpha = 1);

}  // namespace sconce
