// Checks and names that the heavier ops share.
#pragma once
#include <sconce/graph.h>

#include <initializer_list>

namespace sconce {

// Throws unless every tensor is defined and all are on one device; undefined ones are allowed where
// `optional`. While a forward is recorded, activations are on meta and weights where they are.
void check_tensors(const char* op, std::initializer_list<const Tensor*> required,
                   std::initializer_list<const Tensor*> optional = {});

// PyTorch's names of a dtype in error messages: "Float", "Long", "ComplexFloat", and "float", "long int",
// "c10::Half".
const char* scalar_type_name(DType dtype);
const char* type_meta_name(DType dtype);

// Throws Tensor.expand's words unless `from` broadcasts to `to` as it is.
void check_expands(const Shape& from, const Shape& to);

// A Scalar as a recorder takes it.
Recorder::Input as_input(const Scalar& value);

// f64 f32 f16 bf16, integers, complex64 and complex128: what products and convolutions take. Throws
// fail_dtype otherwise.
void check_product_dtype(const char* op, DType dtype);

// "[1, 2]", as PyTorch prints sizes.
std::string bracketed(const std::vector<int64_t>& values);

// Two extents from one or two numbers: {3} -> {3, 3}. Throws PyTorch's words for `op` and `name` otherwise.
std::vector<int64_t> two_of(const char* op, const char* name, const std::vector<int64_t>& values);

}  // namespace sconce
