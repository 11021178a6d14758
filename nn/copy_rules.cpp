#include "copy_rules.h"

#include <sconce/quantized.h>
#include <sconce/sparse.h>

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

bool is_special_tensor(const Value& value) {
  return value.kind() == Value::Kind::sparse || value.kind() == Value::Kind::quantized;
}

const Shape& shape_of_special_tensor(const Value& value) {
  return value.kind() == Value::Kind::sparse ? value.as_sparse().shape : value.as_quantized().shape;
}

std::string refusal_of_special_tensor(const Value& value, const Tensor& target) {
  if (value.kind() == Value::Kind::quantized) return copy_refusal(value.as_quantized().values, target);
  const SparseTensor& sparse = value.as_sparse();
  if (sparse.layout != Layout::sparse_coo)
    return "copy_sparse_compressed_ expected sparse compressed tensor layout but got Strided";
  return concat("copy_() between dense and sparse Tensors is not implemented! Found self type = ",
                legacy_type(target.dtype(), ""), " and src type = ", legacy_type(sparse.dtype(), "sparse."));
}

}  // namespace sconce::nn
