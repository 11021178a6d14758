// Images of another size: a thread for each output pixel, from tables of indices and weights that the host has made.
#pragma once
#include "device/element.h"

namespace sconce::SCONCE_GPU {

struct ResampleShape {
  int64_t planes, h, w, oh, ow;
};

template <class B>
__global__ void __launch_bounds__(256)
    resample_nearest(ResampleShape s, const B* __restrict__ x, const int64_t* __restrict__ rows,
                     const int64_t* __restrict__ columns, B* __restrict__ out) {
  const int64_t total = s.planes * s.oh * s.ow;
  for (int64_t i = grid_thread(); i < total; i += grid_threads())
    out[i] = x[(i / (s.oh * s.ow) * s.h + rows[i / s.ow % s.oh]) * s.w + columns[i % s.ow]];
}

// For each output index the first input index, how many there are, and their weights, `width` apart.
template <class W>
struct TapTable {
  const int64_t *first, *count;
  const W* weights;
  int64_t width;
  int precision;  // of whole-number weights
};

// First along the row, then down, as the CPU does it; u8 is rounded in between, as PyTorch and Pillow round.
template <class T, class W>
__global__ void __launch_bounds__(256)
    resample_linear(ResampleShape s, const T* __restrict__ x, TapTable<W> down, TapTable<W> across,
                    T* __restrict__ out) {
  const int64_t total = s.planes * s.oh * s.ow;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int64_t ox = i % s.ow, oy = i / s.ow % s.oh, plane = i / (s.ow * s.oh);
    const auto rounded = [](W sum, int precision) {
      if constexpr (std::is_integral_v<W>) {
        const W v = sum >> precision;
        return v < 0 ? W(0) : v > 255 ? W(255) : v;
      } else {
        return sum;
      }
    };
    const auto begin = [](int precision) {
      return std::is_integral_v<W> && precision > 0 ? W(1 << (precision - 1)) : W(0);
    };
    W sum = begin(down.precision);
    for (int64_t j = 0; j < down.count[oy]; ++j) {
      const T* const row = x + (plane * s.h + down.first[oy] + j) * s.w + across.first[ox];
      W part = begin(across.precision);
      for (int64_t k = 0; k < across.count[ox]; ++k) {
        if constexpr (std::is_integral_v<W>)
          part += across.weights[ox * across.width + k] * static_cast<W>(row[k]);
        else
          part += across.weights[ox * across.width + k] * widen(row[k]);
      }
      sum += down.weights[oy * down.width + j] * rounded(part, across.precision);
    }
    if constexpr (std::is_integral_v<W>)
      out[i] = static_cast<T>(rounded(sum, down.precision));
    else
      out[i] = narrow<T>(sum);
  }
}

}  // namespace sconce::SCONCE_GPU
