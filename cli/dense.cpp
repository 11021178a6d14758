// Tensors of every kind as plain ones.
#include "dense.h"

#include <sconce/quantized.h>
#include <sconce/sparse.h>

#include "text.h"

namespace sconce::cli {

std::optional<std::pair<Shape, DType>> shape_and_dtype(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::tensor:
      if (!value.as_tensor().defined()) return std::nullopt;
      return std::pair(value.as_tensor().shape(), value.as_tensor().dtype());
    case Value::Kind::quantized: return std::pair(value.as_quantized().shape, value.as_quantized().dtype());
    case Value::Kind::sparse: return std::pair(value.as_sparse().shape, value.as_sparse().dtype());
    default: return std::nullopt;
  }
}

std::string form_of(const Value& value) {
  if (value.kind() == Value::Kind::quantized) {
    const QuantizedTensor& q = value.as_quantized();
    std::string out = name_of(q.scheme);
    if (is_per_channel(q.scheme)) out += ", axis " + std::to_string(q.axis);
    return out;
  }
  if (value.kind() == Value::Kind::sparse) {
    const SparseTensor& s = value.as_sparse();
    const bool blocks = s.layout == Layout::sparse_bsr || s.layout == Layout::sparse_bsc;
    return std::string(name_of(s.layout)) + ", " + counted(s.nnz(), blocks ? "block" : "element") + " stored";
  }
  return "";
}

Tensor dense(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::tensor: return value.as_tensor();
    case Value::Kind::quantized: return value.as_quantized().dequantize();
    case Value::Kind::sparse: return value.as_sparse().to_dense();
    default: return Tensor();
  }
}

}  // namespace sconce::cli
