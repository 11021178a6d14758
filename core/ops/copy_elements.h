// What the ops share that move elements without computing.
#pragma once
#include <sconce/tensor.h>

namespace sconce {

// Copies and casts, on whichever device; equal shapes. Unlike Tensor::copy_() it never records. Nothing is
// done between meta tensors; throws ErrorKind::invalid_argument from meta to elsewhere.
void copy_elements(const Tensor& source, Tensor& target);

// Throws ErrorKind::unsupported, naming op and dtype, unless the two are equal or both numeric.
void check_castable(const char* op, DType from, DType to);

// Throws ErrorKind::invalid_argument on an undefined tensor.
inline void check_defined(const char* op, const Tensor& tensor) {
  check(tensor.defined(), "[", op, "] expected a tensor, got an undefined one");
}

}  // namespace sconce
