// Tensors and storages in a pickle, as torch.Tensor.__reduce_ex__ gives them.
#include "tree_pickle.h"

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
    default: fail_dtype("save", dtype);
  }
}

}  // namespace

void TreePickler::write_tensor(const Value& v) {
  const Tensor& tensor = v.as_tensor();
  if (!tensor.defined()) fail(ErrorKind::invalid_argument, "[save] a tensor without data cannot be saved");
  const bool attributed = !v.attributes().is_none();
  if (attributed) {
    out_.global("torch._tensor", "_rebuild_from_type_v2");
    out_.op(Op::mark);
  }
  if (tensor.device() == meta)
    write_meta(tensor, attributed);
  else
    write_strided(tensor, attributed);
  if (attributed) {
    write_attributes(v);
    return call(4, v);
  }
  out_.op(Op::reduce);
  out_.remember(v.node());
}

// With attributes the function is an argument itself, and the tensor's class follows it.
void TreePickler::write_function(std::string_view name, bool attributed) {
  out_.global("torch._utils", name);
  if (attributed) out_.global("torch", "Tensor");
  out_.op(Op::mark);
}

void TreePickler::write_meta(const Tensor& tensor, bool attributed) {
  write_function("_rebuild_meta_tensor_no_storage", attributed);
  out_.global("torch", name_of(tensor.dtype()));
  write_ints(tensor.shape().extents());
  write_ints(tensor.strides());
  out_.boolean(false);  // requires_grad
  out_.tuple(4);
}

void TreePickler::write_strided(const Tensor& tensor, bool attributed) {
  if (is_quantized(tensor.dtype()))
    fail(ErrorKind::unsupported, "[save] a tensor of dtype ", name_of(tensor.dtype()),
         " cannot be saved without its scale and zero point");
  Placement place;
  place.strides = &tensor.strides();
  if (surveying_)
    plan_.survey(tensor);
  else
    place = plan_.place(tensor);
  write_function(place.untyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2", attributed);
  write_storage(tensor, place);
  out_.integer(place.offset);
  write_ints(tensor.shape().extents());
  write_ints(*place.strides);
  out_.boolean(false);                        // requires_grad
  out_.global("collections", "OrderedDict");  // backward hooks
  out_.tuple(0);
  out_.op(Op::reduce);
  out_.remember();
  if (place.untyped) out_.global("torch", name_of(tensor.dtype()));
  out_.tuple(place.untyped ? 7 : 6);
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
