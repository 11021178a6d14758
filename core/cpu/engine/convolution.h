// Convolutions of every kind as products of packed weights with rows that are read where they lie; Linear is the 1x1 case.
#pragma once
#include <memory>

#include "cpu/engine/fusion.h"
#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/isa/gemm.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// Padding behind the image follows from the sizes of `out`. A 1-d convolution has height 1, kernel height 1.
struct ConvGeometry {
  Image in, out;
  int64_t kernel_h = 1, kernel_w = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_top = 0, pad_left = 0;
  int64_t dilation_h = 1, dilation_w = 1;
  int64_t groups = 1;
  // conv_transpose*d: `in` is still what is read; strides and paddings are the module's, out's size includes its output_padding.
  bool transposed = false;
  // 3-d: images are slices, in.n = batch * in_depth, out.n = batch * out_depth.
  int64_t in_depth = 1, out_depth = 1;
  int64_t kernel_d = 1, stride_d = 1, pad_front = 0, dilation_d = 1;
};

// What is read while the operator is built, and never again.
struct ConvWeights {
  const float* weight =
      nullptr;  // PyTorch's, contiguous: [out][in / groups][kd][kh][kw]; transposed: [in][out / groups][kd][kh][kw]
  bool in_by_out = false;  // 1x1 without groups only: weight is [in][out], as addmm and matmul have it
  isa::Stored stored = isa::Stored::f32;  // how they are kept
};

// What happens to each input row on its way into a product, so that the pass over memory before it vanishes. 1x1 and Linear only.
struct Prologue {
  enum class Kind {
    none,
    scale_shift,  // x * scale[c] + shift[c], then relu if asked: a batch norm that cannot be folded
    image_scale,  // x * in(2)[image][c], rows of in_scale_pitch floats: squeeze-excite's product
  };
  Kind kind = Kind::none;
  const double* scale = nullptr;  // of each input channel; copied
  const double* shift = nullptr;
  bool relu = false;
  int64_t image_scale_pitch = 0;  // floats from image to image of in(2)
};

// out(0) = activation(conv(prologue(in(0))) * scale + shift + in(1)). in(1) is the residual, in(2) the prologue's operand; absent ones
// may be null.
// The output must not overlap the input; it may be the residual itself. Throws Error (invalid_argument) if sizes contradict each other.
std::unique_ptr<Operator> make_convolution(const ConvGeometry& geometry, const ConvWeights& weights,
                                           const Fusion& fusion, const Prologue& prologue,
                                           const isa::Kernels& kernels, Packs& packs);

// The same for rows: out = in * weight^T, weight [out.c][in.c] (or in_by_out).
std::unique_ptr<Operator> make_linear(const Image& in, const Image& out, const ConvWeights& weights,
                                      const Fusion& fusion, const Prologue& prologue,
                                      const isa::Kernels& kernels, Packs& packs);

}  // namespace sconce::engine
