// Convolutions on the ordinary arithmetic units: as products of the weight with gathered pixels that are never stored, and
// depthwise ones directly. NCHW.
#pragma once
#include "kernels/gemm_simt.cuh"

namespace sconce::SCONCE_GPU {

struct ConvShape {
  int images, channels, h, w, out_channels, group_channels, kh, kw, oh, ow, groups;
  int stride_y, stride_x, pad_y, pad_x, gap_y, gap_x;
};

// Grid: tiles of pixels (of all images), tiles of a group's output channels, groups.
template <class X>
__global__ void __launch_bounds__(gemm_threads)
    conv_simt(ConvShape s, X input, X weight, X bias, bool with_bias, DType dtype, void* __restrict__ out) {
  using C = std::conditional_t<std::is_integral_v<typename X::Compute>, uint64_t, typename X::Compute>;
  const int group = static_cast<int>(blockIdx.z), per_group = s.out_channels / s.groups;
  const int64_t pixels = static_cast<int64_t>(s.oh) * s.ow, taps = static_cast<int64_t>(s.kh) * s.kw;
  const int64_t M = per_group, N = s.images * pixels, K = s.group_channels * taps;
  const int64_t row0 = static_cast<int64_t>(blockIdx.y) * tile_m,
                column0 = static_cast<int64_t>(blockIdx.x) * tile_n;
  // The pixel whose column this thread gathers: the same one in every step, because 256 is a multiple of the tile's width.
  const int64_t mine = column0 + static_cast<int>(threadIdx.x) % tile_n;
  const int64_t image = mine / pixels, pixel = mine % pixels;
  const int y0 = static_cast<int>(pixel / s.ow) * s.stride_y - s.pad_y,
            x0 = static_cast<int>(pixel % s.ow) * s.stride_x - s.pad_x;
  const int64_t from = (image * s.channels + static_cast<int64_t>(group) * s.group_channels) * s.h * s.w;
  C acc[4][4] = {};
  gemm_tile<C, true, false>(
      [&](int64_t m, int64_t k) { return weight[(group * static_cast<int64_t>(per_group) + m) * K + k]; },
      [&](int64_t k, int64_t) {
        const int c = static_cast<int>(k) / static_cast<int>(taps),
                  tap = static_cast<int>(k) - c * static_cast<int>(taps);
        const int ky = tap / s.kw, kx = tap - ky * s.kw;
        const int y = y0 + ky * s.gap_y, x = x0 + kx * s.gap_x;
        const bool inside = y >= 0 && y < s.h && x >= 0 && x < s.w;
        return inside ? input[from + (static_cast<int64_t>(c) * s.h + y) * s.w + x] : typename X::Compute(0);
      },
      row0, column0, M, N, K, acc);
  each_result(acc, row0, column0, M, N, [&](int64_t m, int64_t n, C sum) {
    const int64_t channel = static_cast<int64_t>(group) * per_group + m;
    if (with_bias) sum += static_cast<C>(bias[channel]);
    write(dtype, out, (n / pixels * s.out_channels + channel) * pixels + n % pixels,
          static_cast<typename X::Compute>(sum));
  });
}

// One input channel for each group: a thread for each output pixel.
template <class X>
__global__ void __launch_bounds__(256) conv_depthwise(ConvShape s, X input, X weight, X bias, bool with_bias,
                                                      DType dtype, void* __restrict__ out) {
  using C = std::conditional_t<std::is_integral_v<typename X::Compute>, uint64_t, typename X::Compute>;
  const int64_t total = static_cast<int64_t>(s.images) * s.out_channels * s.oh * s.ow;
  const int per_group = s.out_channels / s.groups;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int ox = static_cast<int>(i % s.ow), oy = static_cast<int>(i / s.ow % s.oh);
    const int64_t plane = i / (static_cast<int64_t>(s.ow) * s.oh), image = plane / s.out_channels,
                  channel = plane % s.out_channels;
    const int64_t from = (image * s.channels + channel / per_group) * s.h * s.w, taps = channel * s.kh * s.kw;
    C sum = with_bias ? static_cast<C>(bias[channel]) : C(0);
    for (int ky = 0; ky < s.kh; ++ky) {
      const int y = oy * s.stride_y - s.pad_y + ky * s.gap_y;
      if (y < 0 || y >= s.h) continue;
      for (int kx = 0; kx < s.kw; ++kx) {
        const int x = ox * s.stride_x - s.pad_x + kx * s.gap_x;
        if (x >= 0 && x < s.w)
          sum += static_cast<C>(weight[taps + ky * s.kw + kx]) *
                 static_cast<C>(input[from + static_cast<int64_t>(y) * s.w + x]);
      }
    }
    write(dtype, out, i, static_cast<typename X::Compute>(sum));
  }
}

}  // namespace sconce::SCONCE_GPU
