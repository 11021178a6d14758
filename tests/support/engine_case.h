// Convolutions by their definition, in double, for tests of the engine's operators.
#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "cpu/engine/convolution.h"

namespace sconce::test {

inline double activated(double x, isa::Activation a) {
  const double six = std::min(6.0, std::max(0.0, x + 3));
  switch (a) {
    case isa::Activation::relu: return std::max(0.0, x);
    case isa::Activation::relu6: return std::min(6.0, std::max(0.0, x));
    case isa::Activation::hardsigmoid: return six / 6;
    case isa::Activation::hardswish: return x * six / 6;
    default: return x;
  }
}

struct ConvData {
  std::vector<float> x, weight, residual;
  std::vector<double> scale, bias;  // empty: absent
};

// out[pixel * out.c + channel], without the padding between pixels.
inline std::vector<double> convolution_by_definition(const engine::ConvGeometry& g, const ConvData& d,
                                                     const engine::Fusion& fusion) {
  const int64_t in_group = g.in.c / g.groups, out_group = g.out.c / g.groups, batch = g.in.n / g.in_depth;
  std::vector<double> y(static_cast<size_t>(g.out.rows() * g.out.c), 0.0);
  // Each product of the definition: output (z, y, x), input (z, y, x), kernel (z, y, x).
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t az = 0; az < (g.transposed ? g.in_depth : g.out_depth); ++az)
      for (int64_t ay = 0; ay < (g.transposed ? g.in.h : g.out.h); ++ay)
        for (int64_t ax = 0; ax < (g.transposed ? g.in.w : g.out.w); ++ax)
          for (int64_t kz = 0; kz < g.kernel_d; ++kz)
            for (int64_t ky = 0; ky < g.kernel_h; ++ky)
              for (int64_t kx = 0; kx < g.kernel_w; ++kx) {
                const int64_t bz = az * g.stride_d - g.pad_front + kz * g.dilation_d,
                              by = ay * g.stride_h - g.pad_top + ky * g.dilation_h;
                const int64_t bx = ax * g.stride_w - g.pad_left + kx * g.dilation_w;
                const int64_t depth = g.transposed ? g.out_depth : g.in_depth,
                              h = g.transposed ? g.out.h : g.in.h;
                const int64_t w = g.transposed ? g.out.w : g.in.w;
                if (bz < 0 || bz >= depth || by < 0 || by >= h || bx < 0 || bx >= w) continue;
                const int64_t a = ((b * (g.transposed ? g.in_depth : g.out_depth) + az) *
                                       (g.transposed ? g.in.h : g.out.h) +
                                   ay) *
                                      (g.transposed ? g.in.w : g.out.w) +
                                  ax;
                const int64_t other = ((b * depth + bz) * h + by) * w + bx;
                const int64_t from = g.transposed ? a : other, to = g.transposed ? other : a;
                const int64_t positions = g.kernel_d * g.kernel_h * g.kernel_w,
                              at = (kz * g.kernel_h + ky) * g.kernel_w + kx;
                for (int64_t o = 0; o < g.out.c; ++o) {
                  const int64_t group = o / out_group;
                  for (int64_t i = 0; i < in_group; ++i) {
                    const float weight =
                        g.transposed
                            ? d.weight[static_cast<size_t>(
                                  ((group * in_group + i) * out_group + o % out_group) * positions + at)]
                            : d.weight[static_cast<size_t>((o * in_group + i) * positions + at)];
                    y[static_cast<size_t>(to * g.out.c + o)] +=
                        static_cast<double>(weight) *
                        static_cast<double>(
                            d.x[static_cast<size_t>(from * g.in.pitch + group * in_group + i)]);
                  }
                }
              }
  for (int64_t p = 0; p < g.out.rows(); ++p)
    for (int64_t o = 0; o < g.out.c; ++o) {
      const auto c = static_cast<size_t>(o);
      double& v = y[static_cast<size_t>(p * g.out.c + o)];
      v = v * (d.scale.empty() ? 1 : d.scale[c]) + (d.bias.empty() ? 0 : d.bias[c]);
      if (fusion.residual)
        v += static_cast<double>(d.residual[static_cast<size_t>(p * fusion.residual_pitch + o)]);
      v = activated(v, fusion.activation);
    }
  return y;
}

}  // namespace sconce::test
