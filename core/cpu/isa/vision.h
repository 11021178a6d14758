// What networks that look at images do besides matrix products: the kernels of one instruction set.
#pragma once
#include <cstdint>

#include "cpu/isa/activation.h"

namespace sconce::isa {

// All distances are in floats; x and y stand at the first channel of the first pixel that their comment names.

// Rows [begin, end) of a depthwise convolution, for some of the channels.
struct DepthwiseCall {
  const float* x;  // the image's first pixel
  int64_t x_row, x_pitch;
  int64_t h, w;
  const float* weight;  // [channels / 16][kernel_h * kernel_w][16]
  const float* scale;   // of each channel; null: neither scale is applied
  float tile_scale;
  const float* bias;      // of each channel
  const float* residual;  // the image's first pixel, or null
  int64_t residual_row, residual_pitch;
  float* y;  // the output image's first pixel
  int64_t y_row, y_pitch;
  int64_t w_out, begin, end;
  int64_t channels;
  int32_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  Activation activation;
  float* means;  // receives the sums of y over these rows times mean_factor, or null
  float mean_factor;
};

// Positions begin, begin + step, ... below end. `size` is what a mean divides by.
struct PoolSpan {
  int32_t begin, end, size;
};

// One row of a pooling.
struct PoolCall {
  const float* x;  // the image's first pixel
  int64_t x_row, x_pitch;
  PoolSpan rows;
  const PoolSpan* columns;  // of each output pixel
  int32_t row_step, column_step;
  float* y;  // the row's first pixel
  int64_t y_pitch;
  int64_t count, channels;
  float divisor;  // of means; 0: rows.size * columns[i].size
};

// y = activation(x * scale + shift + residual), pixel by pixel.
struct AffineCall {
  const float* x;
  int64_t x_pitch;
  const float* scale;
  const float* shift;     // or null
  const float* residual;  // or null
  int64_t residual_pitch;
  float* y;
  int64_t y_pitch;
  int64_t rows, channels;
  Activation activation;
};

// One row of an image between pixels of two rows: top, or top and bottom, of which each pixel mixes two neighbours.
struct BlendCall {
  const float* top;  // first pixels of two input rows
  const float* bottom;
  float bottom_weight;
  int64_t x_pitch;
  const int32_t* left;  // of each output pixel
  const int32_t* right;
  const float* right_weight;
  float* y;
  int64_t y_pitch;
  int64_t count, channels;
};

// Channels of one tile on its way into Winograd's products: element e (of E * E) goes to v + e * v_element.
struct WinogradInputCall {
  const float* x;  // the tile's first pixel, perhaps outside the image
  int64_t x_row, x_pitch;
  int32_t top, bottom, left,
      right;         // the tile's rows [top, bottom) and columns [left, right) lie inside the image
  int64_t channels;  // v has room for whole vectors
  float* v;
  int64_t v_element;
};

// And out of them: y = activation(transformed * scale * tile_scale + bias + residual).
struct WinogradOutputCall {
  const float* m;
  int64_t m_element;
  int64_t channels;
  float* y;  // the tile's first pixel
  int64_t y_row, y_pitch;
  int32_t rows, columns;  // how many of the tile's are wanted
  const float* scale;     // of each channel; null: neither scale is applied
  float tile_scale;
  const float* bias;      // of each channel
  const float* residual;  // as y, or null
  int64_t residual_row, residual_pitch;
  Activation activation;
};

struct VisionKernels {
  int vector;  // floats in a vector
  void (*depthwise)(const DepthwiseCall&);
  void (*max_pool)(const PoolCall&);
  void (*mean_pool)(const PoolCall&);
  void (*affine)(const AffineCall&);
  void (*blend)(const BlendCall&);
  // rows[i * pitch + c] = planes[c * plane_pitch + i] for i < count, c < channels; and back.
  void (*planes_to_rows)(const float* planes, int64_t plane_pitch, int64_t count, int64_t channels,
                         float* rows, int64_t pitch);
  void (*rows_to_planes)(const float* rows, int64_t pitch, int64_t count, int64_t channels, float* planes,
                         int64_t plane_pitch);
  void (*copy_rows)(const float* x, int64_t x_pitch, int64_t rows, int64_t channels, float* y,
                    int64_t y_pitch);
  void (*winograd_input[2])(const WinogradInputCall&);  // F(2, 3), F(4, 3)
  void (*winograd_output[2])(const WinogradOutputCall&);
  // element e of (in channel i, out channel r < outs) goes to panel[e * element + i * width + r], zeros up to width; weight is that of
  // the first out channel, [ins][3][3], out_pitch further for the next; scale may be null: 1.
  void (*winograd_weights[2])(const float* weight, int64_t out_pitch, int64_t outs, const double* scale,
                              int64_t ins, int64_t width, float* panel, int64_t element);
};

#if defined(SCONCE_HAS_SCALAR)
extern const VisionKernels vision_scalar;
#endif
#if defined(SCONCE_HAS_AVX2)
extern const VisionKernels vision_avx2;
#endif
#if defined(SCONCE_HAS_AVX512)
extern const VisionKernels vision_avx512;
#endif
#if defined(SCONCE_HAS_NEON)
extern const VisionKernels vision_neon;
#endif

}  // namespace sconce::isa
