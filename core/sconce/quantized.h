// Tensors of small integers that stand for real numbers, as PyTorch's quantized tensors.
#pragma once
#include <sconce/tensor.h>

namespace sconce {

// How the integers map to numbers, as torch.qscheme. The symmetric schemes have zero points that PyTorch lets be anything;
// they dequantize as the affine ones.
enum class QScheme : uint8_t {
  per_tensor_affine,
  per_tensor_symmetric,
  per_channel_affine,
  per_channel_symmetric,
  per_channel_affine_float_qparams,
};

// "per_tensor_affine", PyTorch's name without "torch.".
const char* name_of(QScheme scheme);
bool is_per_channel(QScheme scheme);

// Integers q with a scale and a zero point, for the whole tensor or for each index along `axis`: (q - zero_point) * scale.
// A value; the tensors inside share their bytes.
struct QuantizedTensor {
  // qint8, quint8 or qint32: the integers, one an element, with the tensor's shape and strides.
  // quint4x2 or quint2x4: one dimension of packed bytes, 2 or 4 elements in each, the first in the lowest bits.
  Tensor values;
  Shape shape;  // in elements; that of `values` unless packed
  QScheme scheme = QScheme::per_tensor_affine;
  // Per tensor: 0-dim f64. Per channel: [shape[axis]], f64, and f32 with float_qparams.
  Tensor scales;
  // Per tensor: 0-dim i64. Per channel: [shape[axis]], i64, and f32 with float_qparams.
  Tensor zero_points;
  int64_t axis = 0;  // per channel

  DType dtype() const { return values.dtype(); }
  int64_t numel() const { return shape.numel(); }
  bool is_packed() const { return elements_per_byte() > 1; }
  // 2 for quint4x2, 4 for quint2x4, otherwise 1.
  int64_t elements_per_byte() const;

  // Holds the parts against each other, without reading a byte. Throws ErrorKind::corrupt.
  void validate() const;
  // The numbers, float32 and contiguous; bit-equal to torch.Tensor.dequantize on a CPU. Throws ErrorKind::out_of_budget when
  // they would take more than `max_bytes`, and what validate() and reading the bytes throw.
  Tensor dequantize(uint64_t max_bytes = uint64_t{1} << 36) const;
  // The integers, sharing the bytes of `values`: i8, u8 or i32 with the tensor's shape, or, packed, u8 of one dimension, as
  // torch.Tensor.int_repr.
  Tensor int_repr() const;
};

}  // namespace sconce
