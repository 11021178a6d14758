// Pooling: a thread for each output pixel.
#pragma once
#include <sconce/kernels/binary.h>

#include "device/element.h"

namespace sconce::SCONCE_GPU {

// What is pooled: windows of a kernel, or adaptive ones that cover the plane.
struct PoolShape {
  int64_t planes, h, w, oh, ow;
  int64_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, gap_y, gap_x;
  bool adaptive;
};

// Rows or columns begin, begin + step, ... below end.
struct Range {
  int64_t begin, end, step;
};

// What lies inside the image of a window that begins at `start`.
__device__ inline Range clipped(int64_t start, int64_t kernel, int64_t gap, int64_t extent) {
  const int64_t stop = start + (kernel - 1) * gap + 1;
  if (start < 0) start += (-start + gap - 1) / gap * gap;
  return {start, stop < extent ? stop : extent, gap};
}
__device__ inline Range covering(int64_t i, int64_t in, int64_t out) {
  return {i / out * in + i % out * in / out, ((i + 1) * in + out - 1) / out, 1};
}
__device__ inline Range rows_of(const PoolShape& s, int64_t oy) {
  return s.adaptive ? covering(oy, s.h, s.oh) : clipped(oy * s.stride_y - s.pad_y, s.kernel_y, s.gap_y, s.h);
}
__device__ inline Range columns_of(const PoolShape& s, int64_t ox) {
  return s.adaptive ? covering(ox, s.w, s.ow) : clipped(ox * s.stride_x - s.pad_x, s.kernel_x, s.gap_x, s.w);
}

// The largest element; the last NaN, and else the first of equals, as PyTorch.
template <class X>
__global__ void __launch_bounds__(256)
    pool_largest(PoolShape s, X x, DType dtype, void* __restrict__ out, int64_t* __restrict__ indices) {
  const int64_t total = s.planes * s.oh * s.ow;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int64_t plane = i / (s.oh * s.ow) * s.h * s.w;
    const Range rows = rows_of(s, i / s.ow % s.oh), columns = columns_of(s, i % s.ow);
    int64_t best = rows.begin * s.w + columns.begin;
    auto largest = x[plane + best];
    for (int64_t row = rows.begin; row < rows.end; row += rows.step)
      for (int64_t column = columns.begin; column < columns.end; column += columns.step) {
        const auto v = x[plane + row * s.w + column];
        if (v > largest || v != v) largest = v, best = row * s.w + column;
      }
    write(dtype, out, i, largest);
    if (indices) indices[i] = best;
  }
}

template <class X>
__global__ void __launch_bounds__(256) pool_mean(PoolShape s, X x, bool count_include_pad, int64_t divisor,
                                                 DType dtype, void* __restrict__ out) {
  using C = typename X::Compute;
  using Sum = std::conditional_t<std::is_integral_v<C>, uint64_t, C>;
  const int64_t total = s.planes * s.oh * s.ow;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int64_t plane = i / (s.oh * s.ow) * s.h * s.w, oy = i / s.ow % s.oh, ox = i % s.ow;
    const Range rows = rows_of(s, oy), columns = columns_of(s, ox);
    if (rows.begin >= rows.end || columns.begin >= columns.end) {
      write(dtype, out, i, C(0));
      continue;
    }
    Sum sum(0);
    for (int64_t row = rows.begin; row < rows.end; ++row)
      for (int64_t column = columns.begin; column < columns.end; ++column)
        sum += static_cast<Sum>(x[plane + row * s.w + column]);
    int64_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
    if (!s.adaptive && divisor != 0) {
      count = divisor;
    } else if (
        !s.adaptive &&
        count_include_pad) {  // the padding counts as far as it goes; what ceil_mode adds beyond does not
      const int64_t y = oy * s.stride_y - s.pad_y, x0 = ox * s.stride_x - s.pad_x;
      const int64_t bottom = y + s.kernel_y < s.h + s.pad_y ? y + s.kernel_y : s.h + s.pad_y;
      const int64_t right = x0 + s.kernel_x < s.w + s.pad_x ? x0 + s.kernel_x : s.w + s.pad_x;
      count = (bottom - y) * (right - x0);
    }
    if constexpr (std::is_integral_v<C>)
      write(dtype, out, i, kernels::DivTrunc()(static_cast<int64_t>(sum), count));
    else
      write(dtype, out, i, sum / static_cast<C>(count));
  }
}

}  // namespace sconce::SCONCE_GPU
