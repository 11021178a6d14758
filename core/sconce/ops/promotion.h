// Which dtype the result of mixed operands has: PyTorch's type promotion.
#pragma once
#include <sconce/tensor.h>

namespace sconce {

// The smallest dtype that both convert to without leaving their category, as torch.promote_types. Throws
// ErrorKind::unsupported where PyTorch has no answer: float8 with anything else, u16/u32/u64 with another
// integer, bool or complex, quantized and bits types with anything but themselves.
DType promote_types(DType a, DType b);
// May a result of `from` be written into `to`? As torch.can_cast: complex never becomes real, floating never
// integral, nothing but boolean becomes boolean.
bool can_cast(DType from, DType to);

// Gathers operands and gives their common dtype, as torch.result_type does for any number of them: tensors
// with dimensions decide, then 0-dim tensors, then plain numbers; a lower rank only counts when it is of a
// higher category (bool < integer < floating < complex). A floating number counts as f32, a complex one as
// complex64.
class ResultType {
 public:
  ResultType& add(const Tensor& tensor);
  ResultType& add(const Scalar& number);
  // Throws ErrorKind::invalid_argument when nothing was added, and as promote_types().
  DType dtype() const;

 private:
  std::optional<DType> dimensioned_, zero_dim_, number_;
};

// torch.result_type of two operands.
template <class A, class B>
DType result_type(const A& a, const B& b) {
  return ResultType().add(a).add(b).dtype();
}

// The dtype in which operands of `dtype` are computed before one rounding to it: f32 for f16, bf16 and the f8
// types, complex64 for complex32, else the dtype itself.
DType compute_dtype(DType dtype);
// The real counterpart of a complex dtype (f16, f32, f64), else the dtype itself, as torch.dtype.to_real().
DType to_real(DType dtype);

}  // namespace sconce
