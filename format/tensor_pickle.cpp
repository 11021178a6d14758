// Tensors and storages in a pickle, as torch.Tensor.__reduce_ex__ gives them.
#include "tree_pickle.h"

#include <sconce/quantized.h>
#include <sconce/sparse.h>

namespace sconce {
namespace {

const char* storage_class(DType dtype) {
  switch (dtype) {
    case DType::f64: return "DoubleStorage";
    case DType::f32: return "FloatStorage";
    case DType::f16: return "HalfStorage";
    case DType::bf16: return "BFloat16Storage";
    case DType::i64: return "LongStorage";
    case DType::i32: return "IntStorage";
    case DType::i16: return "ShortStorage";
    case DType::i8: return "CharStorage";
    case DType::u8: return "ByteStorage";
    case DType::boolean: return "BoolStorage";
    case DType::complex64: return "ComplexFloatStorage";
    case DType::complex128: return "ComplexDoubleStorage";
    case DType::qint8: return "QInt8Storage";
    case DType::quint8: return "QUInt8Storage";
    case DType::qint32: return "QInt32Storage";
    case DType::quint4x2: return "QUInt4x2Storage";
    case DType::quint2x4: return "QUInt2x4Storage";
    default: fail_dtype("save", dtype);
  }
}

}  // namespace

void TreePickler::write_tensor(const Value& v) {
  const bool attributed = !v.attributes().is_none();
  if (attributed) {
    out_.global("torch._tensor", "_rebuild_from_type_v2");
    out_.op(Op::mark);
  }
  if (v.kind() == Value::Kind::quantized)
    write_quantized(v.as_quantized(), attributed);
  else if (v.kind() == Value::Kind::sparse)
    write_sparse(v.as_sparse(), attributed);
  else
    write_plain(v.as_tensor(), attributed);
  if (attributed) {
    write_attributes(v);
    return call(4, v);
  }
  out_.op(Op::reduce);
  out_.remember(v.node());
}

// Each of the following leaves a function and its arguments. With attributes the function is an argument
// itself, and the tensor's class follows it.
void TreePickler::write_function(std::string_view name, bool attributed) {
  out_.global("torch._utils", name);
  if (attributed) out_.global("torch", "Tensor");
}

void TreePickler::write_plain(const Tensor& tensor, bool attributed) {
  if (!tensor.defined()) fail(ErrorKind::invalid_argument, "[save] a tensor without data cannot be saved");
  if (is_quantized(tensor.dtype()))
    fail(ErrorKind::unsupported, "[save] a tensor of dtype ", name_of(tensor.dtype()),
         " cannot be saved without its scale and zero point");
  if (tensor.device() == meta) return write_meta(tensor, attributed);
  write_strided(tensor, attributed);
}

void TreePickler::write_meta(const Tensor& tensor, bool attributed) {
  write_function("_rebuild_meta_tensor_no_storage", attributed);
  out_.op(Op::mark);
  out_.global("torch", name_of(tensor.dtype()));
  write_ints(tensor.shape().extents());
  write_ints(tensor.strides());
  out_.boolean(false);  // requires_grad
  out_.tuple(4);
}

void TreePickler::write_strided(const Tensor& tensor, bool attributed) {
  const Placement where = place(tensor);
  write_function(where.untyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2", attributed);
  out_.op(Op::mark);
  write_storage(tensor, where);
  out_.integer(where.offset);
  write_ints(tensor.shape().extents());
  write_ints(*where.strides);
  out_.boolean(false);  // requires_grad
  write_hooks();
  if (where.untyped) out_.global("torch", name_of(tensor.dtype()));
  out_.tuple(where.untyped ? 7 : 6);
}

// PyTorch reads no symmetric scheme back, and writes that of float parameters as the affine one; the zero
// points' dtype tells.
void TreePickler::write_quantized(const QuantizedTensor& q, bool attributed) {
  q.validate();
  if (q.values.device() == meta)
    fail(ErrorKind::unsupported, "[save] a quantized tensor on device meta has no numbers to save");
  const Placement where = place(q.values);
  if (where.untyped)
    fail(ErrorKind::unsupported,
         "[save] a quantized tensor whose storage is read as another dtype too cannot be saved");
  write_function("_rebuild_qtensor", attributed);
  out_.op(Op::mark);
  write_storage(q.values, where);
  out_.integer(where.offset * q.elements_per_byte());
  write_ints(q.shape.extents());
  write_ints(q.is_packed() ? q.shape.contiguous_strides() : *where.strides);
  if (is_per_channel(q.scheme)) {
    out_.op(Op::mark);
    out_.global("torch", "per_channel_affine");
    write_part(q.scales);
    write_part(q.zero_points);
    out_.integer(q.axis);
    out_.tuple(4);
  } else {
    out_.global("torch", "per_tensor_affine");
    out_.floating(q.scales.item());
    out_.integer(q.zero_points.item<int64_t>());
    out_.tuple(3);
  }
  out_.boolean(false);  // requires_grad
  write_hooks();
  out_.tuple(7);
}

void TreePickler::write_sparse(const SparseTensor& s, bool attributed) {
  s.validate_shapes();
  write_function("_rebuild_sparse_tensor", attributed);
  write_layout(std::string("torch.") + name_of(s.layout));
  out_.op(Op::mark);
  if (s.layout == Layout::sparse_coo) {
    write_part(s.indices);
    write_part(s.values);
    write_size(s.shape);
    out_.boolean(s.is_coalesced);
  } else {
    write_part(s.compressed);
    write_part(s.plain);
    write_part(s.values);
    write_size(s.shape);
  }
  out_.tuple(4);
  out_.tuple(2);
}

// A tensor that another one is made of.
void TreePickler::write_part(const Tensor& tensor) {
  write_plain(tensor, false);
  out_.op(Op::reduce);
  out_.remember();
}

void TreePickler::write_size(const Shape& shape) {
  out_.global("torch", "Size");
  write_ints(shape.extents());
  out_.tuple(1);
  out_.op(Op::reduce);
  out_.remember();
}

// No backward hooks: an empty OrderedDict.
void TreePickler::write_hooks() {
  out_.global("collections", "OrderedDict");
  out_.tuple(0);
  out_.op(Op::reduce);
  out_.remember();
}

Placement TreePickler::place(const Tensor& tensor) {
  if (!surveying_) return plan_.place(tensor);
  plan_.survey(tensor);
  Placement nowhere;
  nowhere.strides = &tensor.strides();
  return nowhere;
}

// The persistent id ('storage', class, key, location, numel); an untyped storage counts in bytes.
void TreePickler::write_storage(const Tensor& tensor, const Placement& place) {
  out_.op(Op::mark);
  out_.constant("storage");
  if (surveying_ || place.untyped)
    out_.global("torch.storage", "UntypedStorage");
  else
    out_.global("torch", storage_class(tensor.dtype()));
  out_.constant(std::to_string(place.key));
  out_.constant(tensor.device().str());
  out_.integer(static_cast<int64_t>(place.untyped ? place.nbytes : place.nbytes / size_of(tensor.dtype())));
  out_.tuple(5);
  out_.op(Op::binpersid);
}

}  // namespace sconce
