#include "copy_rules.h"

#include <algorithm>

namespace sconce::nn {
namespace {

// "torch.FloatTensor", as torch.Tensor.type() says it.
std::string legacy_type(DType dtype, const char* layout) {
  const char* name = "Float";
  switch (dtype) {
    case DType::f64: name = "Double"; break;
    case DType::f16: name = "Half"; break;
    case DType::bf16: name = "BFloat16"; break;
    case DType::i8: name = "Char"; break;
    case DType::i16: name = "Short"; break;
    case DType::i32: name = "Int"; break;
    case DType::i64: name = "Long"; break;
    case DType::u8: name = "Byte"; break;
    case DType::boolean: name = "Bool"; break;
    case DType::complex64: name = "ComplexFloat"; break;
    case DType::complex128: name = "ComplexDouble"; break;
    default: break;
  }
  return concat("torch.", layout, name, "Tensor");
}

// The tuple (indices, values, size, ...) inside a sparse tensor's rebuild call, or null.
const Value* sparse_parts(const Value& value) {
  if (value.kind() != Value::Kind::object || !value.type_name().ends_with("_rebuild_sparse_tensor"))
    return nullptr;
  if (value.arguments().size() < 2 || value.arguments()[1].items().size() < 3) return nullptr;
  return &value.arguments()[1];
}

// COO has its size third, the compressed layouts fourth.
const Value* sparse_size(const Value& parts) {
  for (const Value& part : parts.items())
    if (part.kind() == Value::Kind::size) return &part;
  return nullptr;
}

}  // namespace

std::string copy_refusal(const Tensor& source, const Tensor& target) {
  if (source.device() == meta) return "Cannot copy out of meta tensor; no data!";
  if (is_quantized(source.dtype()) && !is_quantized(target.dtype()))
    return "Copying from quantized Tensor to non-quantized Tensor is not allowed, please use dequantize to "
           "get a float Tensor from a "
           "quantized Tensor";
  if (source.dtype() != target.dtype() && !(is_numeric(source.dtype()) && is_numeric(target.dtype())))
    return concat("\"copy_\" not implemented for ", name_of(source.dtype()), " to ", name_of(target.dtype()));
  return "";
}

bool is_closed_tensor(const Value& value) {
  const Value* parts = sparse_parts(value);
  return parts && sparse_size(*parts);
}

Shape shape_of_closed_tensor(const Value& value) {
  return Shape(sparse_size(*sparse_parts(value))->as_ints());
}

std::string refusal_of_closed_tensor(const Value& value, const Tensor& target) {
  DType dtype = DType::f32;
  for (const Value& part : sparse_parts(value)->items())  // the values are the last tensor of the tuple
    if (part.kind() == Value::Kind::tensor) dtype = part.as_tensor().dtype();
  return concat("copy_() between dense and sparse Tensors is not implemented! Found self type = ",
                legacy_type(target.dtype(), ""), " and src type = ", legacy_type(dtype, "sparse."));
}

}  // namespace sconce::nn
