// What the function that PyTorch saves quantized tensors with makes.
#include "rebuild_arguments.h"
#include "rebuild_calls.h"
#include "rebuild_tensor.h"

#include <sconce/quantized.h>

#include <cstring>

namespace sconce {
namespace {

using Kind = Value::Kind;

Tensor scalar_of(DType dtype, const void* number) {
  const Tensor out(Storage::allocate(size_of(dtype)), dtype, Shape{});
  std::memcpy(out.storage().data(), number, size_of(dtype));
  return out;
}

// Scales or zero points of channels: a tensor, or, from PyTorch 1.1 and 1.2, a list of numbers.
Tensor per_channel(const Value& v, const char* what) {
  if (v.kind() == Kind::tensor) return v.as_tensor();
  if (v.kind() != Kind::list)
    fail(ErrorKind::corrupt, "expected ", what, " of channels as a tensor, got ", v.type_name());
  bool integers = true;
  for (const Value& item : v.items()) {
    if (item.kind() != Kind::integer && item.kind() != Kind::floating)
      fail(ErrorKind::corrupt, "expected ", what, " of channels as numbers, got ", item.type_name());
    integers &= item.kind() == Kind::integer;
  }
  const auto count = static_cast<int64_t>(v.size());
  const Tensor out(Storage::allocate(v.size() * 8), integers ? DType::i64 : DType::f64, Shape{count});
  for (size_t i = 0; i < v.size(); ++i) {
    if (integers)
      static_cast<int64_t*>(out.storage().data())[i] = v[i].as_int();
    else
      static_cast<double*>(out.storage().data())[i] = v[i].as_double();
  }
  return out;
}

// The packed bytes of a contiguous quint4x2 or quint2x4 tensor, whose size and strides count elements.
Tensor packed_bytes(const NamedStorage& named, const QuantizedTensor& q, const Strides& stride,
                    int64_t offset, int64_t per_byte) {
  bool contiguous = offset == 0;
  const Strides expected = q.shape.contiguous_strides();
  for (size_t d = 0; d < stride.size(); ++d)
    contiguous &= stride[d] == expected[d] || q.shape.extents()[d] == 1;
  if (!contiguous)
    fail(ErrorKind::unsupported, "a tensor of dtype ", name_of(named.dtype), ", strides ", Shape(stride),
         " and offset ", offset, "; packed tensors are read where they are contiguous");
  const int64_t numel = q.shape.numel(), bytes = numel / per_byte + (numel % per_byte ? 1 : 0);
  if (bytes > named.numel)
    fail(ErrorKind::corrupt, "a tensor of shape ", q.shape, " and dtype ", name_of(named.dtype), " needs ",
         bytes, " bytes, its storage has ", named.numel);
  return {named.storage, named.dtype, Shape{bytes}, Strides{1}, named.offset};
}

// (scheme, scale, zero point), or (scheme, scales, zero points, axis). The scheme of channels is written the
// same for float parameters; the zero points' dtype tells.
void set_parameters(QuantizedTensor& q, const Value& parameters) {
  if (parameters.kind() != Kind::tuple || parameters.size() < 3 || parameters[0].kind() != Kind::global)
    fail(ErrorKind::corrupt, "expected the parameters of a quantized tensor, got ", parameters.repr(80));
  const std::string& scheme = parameters[0].as_string();
  const bool symmetric = scheme.ends_with("_symmetric");
  if ((scheme == "torch.per_tensor_affine" || scheme == "torch.per_tensor_symmetric") &&
      parameters.size() == 3) {
    if (parameters[1].kind() != Kind::floating && parameters[1].kind() != Kind::integer)
      fail(ErrorKind::corrupt, "expected a scale as a number, got ", parameters[1].type_name());
    if (parameters[2].kind() != Kind::integer)
      fail(ErrorKind::corrupt, "expected a zero point as an int, got ", parameters[2].type_name());
    const double scale = parameters[1].as_double();
    const int64_t zero = parameters[2].as_int();
    q.scheme = symmetric ? QScheme::per_tensor_symmetric : QScheme::per_tensor_affine;
    q.scales = scalar_of(DType::f64, &scale), q.zero_points = scalar_of(DType::i64, &zero);
    return;
  }
  if ((scheme != "torch.per_channel_affine" && scheme != "torch.per_channel_symmetric" &&
       scheme != "torch.per_channel_affine_float_qparams") ||
      parameters.size() != 4)
    fail(ErrorKind::unsupported, "a quantized tensor of scheme ", scheme, " with ", parameters.size() - 1,
         " parameters, which Sconce does not know");
  const Tensor scales = per_channel(parameters[1], "scales"),
               zeros = per_channel(parameters[2], "zero points");
  if (!is_floating_point(scales.dtype()) || !(is_floating_point(zeros.dtype()) || is_integral(zeros.dtype())))
    fail(ErrorKind::corrupt, "scales of dtype ", name_of(scales.dtype()), " and zero points of dtype ",
         name_of(zeros.dtype()));
  const bool floating = is_floating_point(zeros.dtype());
  q.scheme = floating    ? QScheme::per_channel_affine_float_qparams
             : symmetric ? QScheme::per_channel_symmetric
                         : QScheme::per_channel_affine;
  q.scales = scales, q.zero_points = zeros;
  if (parameters[3].kind() != Kind::integer)
    fail(ErrorKind::corrupt, "expected an axis as an int, got ", parameters[3].type_name());
  q.axis = parameters[3].as_int();
}

// (storage, offset, size, stride, parameters, requires_grad, hooks)
std::optional<Value> quantized_tensor(const RebuildCall& call) {
  const Value::Items& args = call.args;
  expect_count("_rebuild_qtensor", args, 6, 7);
  NamedStorage& named = counted_storage(call, args[0]);
  if (!is_quantized(named.dtype))
    fail(ErrorKind::corrupt, "a quantized tensor in a storage of dtype ", name_of(named.dtype));
  QuantizedTensor q;
  const int64_t per_byte = named.dtype == DType::quint4x2 ? 2 : named.dtype == DType::quint2x4 ? 4 : 1;
  if (per_byte == 1) {
    q.values = strided(call, named, named.dtype, named.storage);
    q.shape = q.values.shape();
  } else {
    call.reader.charge(64 * (args[2].size() + args[3].size()));
    const auto size = counts_of(args[2], "size"), stride = counts_of(args[3], "stride");
    reach_of(size, stride, 0);  // both fit each other, and 64 bits
    q.shape = Shape(size);
    q.values = packed_bytes(named, q, stride, count_of(args[1], "a storage offset"), per_byte);
  }
  set_parameters(q, args[4]);
  const bool floating = q.scheme == QScheme::per_channel_affine_float_qparams;
  q.scales = cast_later(call, q.scales, floating ? DType::f32 : DType::f64);
  q.zero_points = cast_later(call, q.zero_points, floating ? DType::f32 : DType::i64);
  q.validate();
  call.reader.charge(1024);
  return Value::quantized(std::move(q));
}

}  // namespace

std::span<const KnownCall> quantized_calls() {
  static constexpr KnownCall calls[] = {{"torch._utils._rebuild_qtensor", quantized_tensor}};
  return calls;
}

}  // namespace sconce
