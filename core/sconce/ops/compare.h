// Comparing. Operands broadcast and promote by PyTorch's rules; the elementwise results are boolean.
#pragma once
#include <sconce/tensor.h>

namespace sconce {

// Of any numeric dtype; NaN equals nothing. As torch.eq and torch.ne.
Tensor eq(const Tensor& self, const Tensor& other);
Tensor eq(const Tensor& self, const Scalar& other);
Tensor ne(const Tensor& self, const Tensor& other);
Tensor ne(const Tensor& self, const Scalar& other);
// Of f64 f32 f16 bf16, i8..i64, u8 and boolean. A number of the tensor's own category is cast to its dtype
// first, as in PyTorch: lt(u8 tensor, -1) compares with 255.
Tensor lt(const Tensor& self, const Tensor& other);
Tensor lt(const Tensor& self, const Scalar& other);
Tensor le(const Tensor& self, const Tensor& other);
Tensor le(const Tensor& self, const Scalar& other);
Tensor gt(const Tensor& self, const Tensor& other);
Tensor gt(const Tensor& self, const Scalar& other);
Tensor ge(const Tensor& self, const Tensor& other);
Tensor ge(const Tensor& self, const Scalar& other);

// Same shape and equal elements, as torch.equal: dtypes promote, NaN is unequal to itself, 0.0 equals -0.0.
// Quantized and bits tensors of one dtype compare by their bytes. Cannot be recorded.
bool equal(const Tensor& self, const Tensor& other);

// |self - other| <= atol + rtol * |other|, or both the same infinity, or, with equal_nan, both NaN; computed
// in the dtype of the operands, which must be one, as torch.isclose. Throws PyTorch's "Float did not match
// Double".
Tensor isclose(const Tensor& self, const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
               bool equal_nan = false);
// All of isclose(). Cannot be recorded.
bool allclose(const Tensor& self, const Tensor& other, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false);

}  // namespace sconce
