// What the ops hand to a backend's heavier kernels: one small struct a family. The ops have checked
// everything.
#pragma once
#include <sconce/tensor.h>

#include <array>

namespace sconce {

using Pair = std::array<int64_t, 2>;  // height, width

// out[b] = alpha * (lhs[b] @ rhs[b]) + beta * bias[b]
struct MatmulArgs {
  const Tensor& lhs;   // [batch..., m, k], any strides (0 where a batch dimension is shared)
  const Tensor& rhs;   // [batch..., k, n], any strides
  const Tensor& bias;  // undefined, or expanded to out's shape: any strides
  Scalar beta, alpha;
  Tensor& out;  // [batch..., m, n], contiguous; all of one dtype
};

// softmax(query key^T * scale + mask) value, head by head; all f32 of rank 4, with any strides. A query that may attend to nothing gives 0.
struct AttentionArgs {
  const Tensor &query, &key, &value;  // [n, heads, l, e], [n, key heads, s, e], [n, key heads, s, ev]
  const Tensor& mask;  // undefined, or expanded to [n, heads, l, s]: f32 that is added, or boolean
  bool is_causal;
  double scale;
  Tensor& out;  // [n, heads, l, ev], contiguous
};

// A cross-correlation of images, as torch.nn.functional.conv2d; everything contiguous and of one dtype.
struct ConvArgs {
  const Tensor& input;   // [n, c, h, w]
  const Tensor& weight;  // [oc, c / groups, kh, kw]
  const Tensor& bias;    // undefined or [oc]
  Pair stride, padding,
      dilation;  // padding is what comes before the first row and column; out's extents imply the rest
  int64_t groups;
  Tensor& out;  // [n, oc, oh, ow]
};

// The largest element of each window; all contiguous.
struct MaxPoolArgs {
  const Tensor& input;  // [n, c, h, w]
  Pair kernel, stride, padding, dilation;
  Tensor& out;      // [n, c, oh, ow]
  Tensor& indices;  // undefined, or i64 of out's shape: positions in the plane
};

// The mean of each window; all contiguous.
struct AvgPoolArgs {
  const Tensor& input;  // [n, c, h, w]
  Pair kernel, stride, padding;
  bool count_include_pad;
  int64_t divisor;  // 0: the window's size
  Tensor& out;      // [n, c, oh, ow]
};

// The mean or largest element of windows that cover the plane: output i sees [floor(i*h/oh),
// ceil((i+1)*h/oh)).
struct AdaptivePoolArgs {
  const Tensor& input;  // [n, c, h, w]
  bool largest;
  Tensor& out;      // [n, c, oh, ow]
  Tensor& indices;  // undefined, or i64 of out's shape (largest only)
};

// (x - mean) / sqrt(var + eps) * weight + bias by channel; all contiguous, parameters [c] or undefined.
struct BatchNormArgs {
  const Tensor& input;          // [n, c, ...], f64 f32 f16 bf16
  const Tensor &mean, &var;     // both undefined: those of the batch (biased variance)
  const Tensor &weight, &bias;  // the input's dtype or f32
  double eps;
  Tensor& out;
};

// The same over rows of `columns` elements with their own mean and variance (layer and group norm). Element
// (r, j) takes parameter r % groups * (columns / inner) + j / inner.
struct RowNormArgs {
  const Tensor& input;  // contiguous, f64 f32 f16 bf16
  int64_t columns, groups, inner;
  const Tensor &weight, &bias;
  double eps;
  Tensor& out;
};

// How pixels between pixels are found.
enum class Resampling { nearest, nearest_exact, bilinear };

// Images of another size; contiguous; f64 f32 f16 bf16 u8.
struct UpsampleArgs {
  const Tensor& input;  // [n, c, h, w]
  Resampling mode;
  bool align_corners, antialias;  // bilinear only; antialias not for f16 and bf16
  std::array<double, 2> scales;   // what the caller gave as scale factors; 0: the quotient of the sizes
  Tensor& out;                    // [n, c, oh, ow]
};

}  // namespace sconce
