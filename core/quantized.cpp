// Quantized tensors: their parts held against each other, and the numbers that they stand for.
#include <sconce/quantized.h>

namespace sconce {
namespace {

// The integer at `index` of elements that lie one behind the other.
int32_t element(const void* data, DType dtype, int64_t index) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  switch (dtype) {
    case DType::qint8: return static_cast<const int8_t*>(data)[index];
    case DType::qint32: return static_cast<const int32_t*>(data)[index];
    case DType::quint4x2: return bytes[index / 2] >> (index % 2 * 4) & 15;
    case DType::quint2x4: return bytes[index / 4] >> (index % 4 * 2) & 3;
    default: return bytes[index];
  }
}

}  // namespace

const char* name_of(QScheme scheme) {
  switch (scheme) {
    case QScheme::per_tensor_affine: return "per_tensor_affine";
    case QScheme::per_tensor_symmetric: return "per_tensor_symmetric";
    case QScheme::per_channel_affine: return "per_channel_affine";
    case QScheme::per_channel_symmetric: return "per_channel_symmetric";
    case QScheme::per_channel_affine_float_qparams: return "per_channel_affine_float_qparams";
  }
  return "?";
}

bool is_per_channel(QScheme scheme) {
  return scheme != QScheme::per_tensor_affine && scheme != QScheme::per_tensor_symmetric;
}

int64_t QuantizedTensor::elements_per_byte() const {
  return dtype() == DType::quint4x2 ? 2 : dtype() == DType::quint2x4 ? 4 : 1;
}

void QuantizedTensor::validate() const {
  const auto expect = [](bool ok, const auto&... parts) {
    if (!ok) fail(ErrorKind::corrupt, "a quantized tensor with ", parts...);
  };
  expect(values.defined() && scales.defined() && zero_points.defined(), "parts missing");
  expect(is_quantized(dtype()), "values of dtype ", name_of(dtype()));
  if (is_packed()) {
    const int64_t needed = (numel() + elements_per_byte() - 1) / elements_per_byte();
    expect(values.dim() == 1 && values.is_contiguous() && values.numel() >= needed, "shape ", shape,
           " needs ", needed, " packed bytes, and has ", values.shape());
  } else {
    expect(values.shape() == shape, "shape ", shape, " has values of shape ", values.shape());
  }
  const bool floating = scheme == QScheme::per_channel_affine_float_qparams;
  expect(scales.dtype() == (floating ? DType::f32 : DType::f64), "scheme ", name_of(scheme),
         " has scales of dtype ", name_of(scales.dtype()));
  expect(zero_points.dtype() == (floating ? DType::f32 : DType::i64), "scheme ", name_of(scheme),
         " has zero points of dtype ", name_of(zero_points.dtype()));
  if (!is_per_channel(scheme)) {
    expect(scales.dim() == 0 && zero_points.dim() == 0, "one scale for all has scales of shape ",
           scales.shape(), " and zero points of shape ", zero_points.shape());
    return;
  }
  expect(axis >= 0 && axis < shape.dim(), "shape ", shape, " has its channels along dimension ", axis);
  const Shape channels{shape[axis]};
  expect(scales.shape() == channels && zero_points.shape() == channels, shape[axis],
         " channels has scales of shape ", scales.shape(), " and zero points of shape ", zero_points.shape());
}

Tensor QuantizedTensor::dequantize(uint64_t max_bytes) const {
  validate();
  const int64_t count = numel();
  int64_t nbytes = 0;
  if (!checked_multiply(count, 4, nbytes) || static_cast<uint64_t>(nbytes) > max_bytes)
    fail(ErrorKind::out_of_budget, "[dequantize] a tensor of shape ", shape, " passes the limit of ",
         max_bytes, " bytes");
  const Tensor out(Storage::allocate(static_cast<size_t>(nbytes)), DType::f32, shape);
  if (count == 0) return out;
  const Tensor integers = values.contiguous(), steps = scales.contiguous(), zeros = zero_points.contiguous();
  const void* from = integers.data();
  auto* to = static_cast<float*>(out.storage().data());

  const int64_t channels = is_per_channel(scheme) ? shape[axis] : 1;
  int64_t inner = 1;  // elements of one channel that follow each other
  for (int64_t d = shape.dim() - 1; d > (is_per_channel(scheme) ? axis : -1); --d) inner *= shape[d];
  // One scale for all is taken as float, scales of channels as they are: so PyTorch rounds.
  const auto each = [&](int64_t begin, auto number) {
    for (int64_t at = begin; at < begin + inner; ++at) to[at] = number(element(from, dtype(), at));
  };
  for (int64_t at = 0, c = 0; at < count; at += inner, c = c + 1 < channels ? c + 1 : 0)
    if (!is_per_channel(scheme)) {
      const auto scale = static_cast<float>(*steps.data<double>());
      const auto zero = static_cast<uint32_t>(*zeros.data<int64_t>());
      each(at, [&](int32_t q) {  // the difference is one of 32 bits, around the end
        return scale * static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(q) - zero));
      });
    } else if (scheme == QScheme::per_channel_affine_float_qparams) {
      const float scale = steps.data<float>()[c], zero = zeros.data<float>()[c];
      each(at, [&](int32_t q) { return (static_cast<float>(q) - zero) * scale; });
    } else {
      const double scale = steps.data<double>()[c];
      const auto zero = static_cast<uint64_t>(zeros.data<int64_t>()[c]);
      each(at, [&](int32_t q) {
        const auto difference = static_cast<int64_t>(static_cast<uint64_t>(int64_t{q}) - zero);
        return static_cast<float>(static_cast<double>(difference) * scale);
      });
    }
  return out;
}

Tensor QuantizedTensor::int_repr() const {
  const DType plain = dtype() == DType::qint8 ? DType::i8 : dtype() == DType::qint32 ? DType::i32 : DType::u8;
  if (!is_packed())
    return {values.storage(), plain, values.shape(), values.strides(), values.storage_offset()};
  const int64_t bytes = (numel() + elements_per_byte() - 1) / elements_per_byte();
  return {values.storage(), plain, Shape{bytes}, Strides{1}, values.storage_offset()};
}

}  // namespace sconce
