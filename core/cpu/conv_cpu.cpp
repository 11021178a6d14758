// Convolutions: depthwise ones directly, the others as matrix products over strips of gathered pixels.
#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>
#include <sconce/threads.h>

#include <algorithm>
#include <memory>

#include "cpu/conv_f32.h"
#include "cpu/cpu_backend.h"
#include "cpu/gemm.h"

namespace sconce {
namespace {

using namespace cpu_kernels;

// The extents and steps of one convolution, by name.
struct Geometry {
  int64_t images, channels, h, w, out_channels, group_channels, kh, kw, oh, ow, groups;
  Pair stride, padding, dilation;

  explicit Geometry(const ConvArgs& a)
      : images(a.input.size(0)),
        channels(a.input.size(1)),
        h(a.input.size(2)),
        w(a.input.size(3)),
        out_channels(a.weight.size(0)),
        group_channels(a.weight.size(1)),
        kh(a.weight.size(2)),
        kw(a.weight.size(3)),
        oh(a.out.size(2)),
        ow(a.out.size(3)),
        groups(a.groups),
        stride(a.stride),
        padding(a.padding),
        dilation(a.dilation) {}

  bool pointwise() const {
    return kh == 1 && kw == 1 && stride == Pair{1, 1} && padding == Pair{0, 0} && oh == h && ow == w;
  }
  // The input row that kernel row ky sees from output row oy; may lie outside.
  int64_t row(int64_t oy, int64_t ky) const { return oy * stride[0] - padding[0] + ky * dilation[0]; }
  // The input column that kernel column kx sees from output column 0.
  int64_t first_column(int64_t kx) const { return kx * dilation[1] - padding[1]; }
  // The output columns [begin, end) from which kernel column kx sees the image.
  std::array<int64_t, 2> inside(int64_t kx) const {
    const int64_t first = first_column(kx), s = stride[1];
    const int64_t begin = first >= 0 ? 0 : (-first + s - 1) / s;
    const int64_t end = first >= w ? 0 : (w - 1 - first) / s + 1;
    return {std::min(begin, ow), std::clamp(end, std::min(begin, ow), ow)};
  }
};

// For each channel and kernel position a row of `columns`: what it sees from the output rows [oy_begin,
// oy_end).
template <class W>
void gather(const Geometry& g, const W* image, int64_t oy_begin, int64_t oy_end, W* columns) {
  for (int64_t c = 0; c < g.group_channels; ++c)
    for (int64_t ky = 0; ky < g.kh; ++ky)
      for (int64_t kx = 0; kx < g.kw; ++kx) {
        const auto [begin, end] = g.inside(kx);
        for (int64_t oy = oy_begin; oy < oy_end; ++oy, columns += g.ow) {
          const int64_t iy = g.row(oy, ky);
          if (iy < 0 || iy >= g.h || begin == end) {
            std::fill_n(columns, g.ow, W(0));
            continue;
          }
          const W* from = image + (c * g.h + iy) * g.w + g.first_column(kx) + begin * g.stride[1];
          std::fill(columns, columns + begin, W(0));
          if (g.stride[1] == 1)
            std::copy(from, from + (end - begin), columns + begin);
          else
            for (int64_t i = 0; i < end - begin; ++i) columns[begin + i] = from[i * g.stride[1]];
          std::fill(columns + end, columns + g.ow, W(0));
        }
      }
}

// The work is cut into (image, group, block of output channels, strip of output rows). The cuts depend on the
// shapes alone, so the bits do not depend on the number of threads.
template <class W>
void as_products(const Geometry& g, const W* input, const W* weight, const W* bias, W* out) {
  const int64_t k = g.group_channels * g.kh * g.kw, pixels = g.oh * g.ow,
                per_group = g.out_channels / g.groups;
  constexpr int64_t strip_elements = 96 * 1024;  // of gathered pixels: they stay in the second-level cache
  const int64_t wanted = std::max(strip_elements / std::max<int64_t>(k, 1), std::min<int64_t>(pixels, 96));
  const int64_t strip = even_piece(g.oh, std::clamp<int64_t>(wanted / g.ow, 1, g.oh), 1);
  const int64_t strips = (g.oh + strip - 1) / strip;
  const bool few = g.images * g.groups * strips < 16;
  const int64_t block = few ? even_piece(per_group, 64, 16) : per_group;
  const int64_t blocks = (per_group + block - 1) / block;
  const int64_t work = std::max<int64_t>(1, block * k * strip * g.ow);
  const int64_t items = g.images * g.groups * blocks * strips;
  parallel_for(0, items, std::max<int64_t>(1, 50'000 / work), [&](int64_t first, int64_t last) {
    const std::unique_ptr<W[]> columns(g.pointwise() ? nullptr
                                                     : new W[static_cast<size_t>(k * strip * g.ow)]);
    for (int64_t item = first; item < last; ++item) {
      const int64_t oy = item % strips * strip, oc = item / strips % blocks * block;
      const int64_t group = item / strips / blocks % g.groups, image = item / strips / blocks / g.groups;
      const int64_t rows = std::min(strip, g.oh - oy), n = rows * g.ow, m = std::min(block, per_group - oc);
      const W* from = input + (image * g.channels + group * g.group_channels) * g.h * g.w;
      const int64_t channel = group * per_group + oc;
      W* to = out + (image * g.out_channels + channel) * pixels + oy * g.ow;
      const Matrix<W> weights{weight + channel * k, m, k, k, 1};
      if (g.pointwise()) {
        gemm(weights, Matrix<W>{from + oy * g.ow, k, n, pixels, 1}, to, pixels);
      } else {
        gather(g, from, oy, oy + rows, columns.get());
        gemm(weights, Matrix<W>{columns.get(), k, n, n, 1}, to, pixels);
      }
      if (bias)
        for (int64_t i = 0; i < m; ++i) {
          const W b = bias[channel + i];
          for (int64_t j = 0; j < n; ++j) to[i * pixels + j] += b;
        }
    }
  });
}

// One input channel for each group: output rows are sums of shifted, scaled input rows.
template <class W>
void depthwise(const Geometry& g, const W* input, const W* weight, const W* bias, W* out) {
  const int64_t per_group = g.out_channels / g.groups, pixels = g.oh * g.ow;
  const int64_t work = std::max<int64_t>(1, pixels * g.kh * g.kw);
  parallel_for(0, g.images * g.out_channels, std::max<int64_t>(1, 30'000 / work),
               [&](int64_t first, int64_t last) {
                 for (int64_t item = first; item < last; ++item) {
                   const int64_t image = item / g.out_channels, oc = item % g.out_channels;
                   const W* from = input + (image * g.channels + oc / per_group) * g.h * g.w;
                   const W* taps = weight + oc * g.kh * g.kw;
                   for (int64_t oy = 0; oy < g.oh; ++oy) {
                     W* to = out + item * pixels + oy * g.ow;
                     std::fill_n(to, g.ow, bias ? bias[oc] : W(0));
                     for (int64_t ky = 0; ky < g.kh; ++ky) {
                       const int64_t iy = g.row(oy, ky);
                       if (iy < 0 || iy >= g.h) continue;
                       for (int64_t kx = 0; kx < g.kw; ++kx) {
                         const auto [begin, end] = g.inside(kx);
                         if (begin == end) continue;
                         const W tap = taps[ky * g.kw + kx];
                         const W* row = from + iy * g.w;
                         const int64_t shift = g.first_column(kx), s = g.stride[1];
                         if (s == 1)
                           for (int64_t ox = begin; ox < end; ++ox) to[ox] += tap * row[ox + shift];
                         else
                           for (int64_t ox = begin; ox < end; ++ox) to[ox] += tap * row[ox * s + shift];
                       }
                     }
                   }
                 }
               });
}

template <class W>
void run(const ConvArgs& args) {
  const Geometry g(args);
  const auto* input = static_cast<const W*>(args.input.data());
  const auto* weight = static_cast<const W*>(args.weight.data());
  const auto* bias = args.bias.defined() ? static_cast<const W*>(args.bias.data()) : nullptr;
  auto* out = static_cast<W*>(args.out.mutable_data());
  if (g.group_channels == 1 && g.groups > 1)
    depthwise(g, input, weight, bias, out);
  else
    as_products(g, input, weight, bias, out);
}

}  // namespace

void CpuBackend::conv2d(const ConvArgs& args) {
  const DType dtype = args.out.dtype(), work = work_dtype(dtype);
  if (dtype == DType::f32) return eager::conv2d(args);
  if (work == dtype) {
    with_work_type("conv2d", work, [&]<class W>() { run<W>(args); });
    return;
  }
  Tensor wide = empty(args.out.shape(), work);
  const Tensor input = args.input.to(work), weight = args.weight.to(work);
  const Tensor bias = args.bias.defined() ? args.bias.to(work) : args.bias;
  conv2d({input, weight, bias, args.stride, args.padding, args.dilation, args.groups, wide});
  copy(wide, args.out);
}

}  // namespace sconce
