// Which input pixels an output pixel of a convolution or a pooling sees.
#pragma once
#include <cstdint>

namespace sconce::engine {

// Output (y, x) sees the input rows y * stride_h - pad_h + i * dilation_h, i < kernel_h, and columns likewise. What lies outside the
// image is zero for convolutions and not there for poolings. The output's extents imply the padding at the other end.
struct Window {
  int64_t kernel_h = 1, kernel_w = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t pad_h = 0, pad_w = 0;  // above the first row, before the first column
  int64_t dilation_h = 1, dilation_w = 1;
};

}  // namespace sconce::engine
