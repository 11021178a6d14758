// Winograd's weights, packed for products by inner products.
#include "cpu/engine/winograd_inner_weights.h"

#include <algorithm>
#include <vector>

#include "cpu/engine/inner_weights.h"
#include "cpu/engine/parts.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

constexpr int64_t kWidth = isa::kInnerColumns;

// How much larger than its weights an element of a transformed tile is, where tile and weights have one size. Found by trying.
double balance_of(int64_t edge) { return edge == 6 ? 6 : 2; }

// The powers of two of one layer's channels. Input channels are brought to one size, then output channels.
struct ChannelScales {
  std::vector<float> inverse;   // of the input channels, for each of a row's weights
  std::vector<double> columns;  // weights are divided by it
  std::vector<bool> zero;       // columns of zeros

  ChannelScales(int64_t edge, const float* weight, const double* scale, int64_t in, int64_t out,
                float* channel_scale)
      : inverse(static_cast<size_t>(in * 9)), columns(static_cast<size_t>(out)) {
    const int64_t row = in * 9;
    const auto scale_of = [&](int64_t n) { return scale ? scale[n] : 1.0; };
    std::vector<float> squares(static_cast<size_t>(row), 0.f);
    std::vector<double> q(static_cast<size_t>(in), 0.0);
    for (int64_t n = 0; n < out; ++n)
      add_squares(weight + n * row, static_cast<float>(scale_of(n)), row, squares.data());
    for (int64_t i = 0; i < row; ++i)
      q[static_cast<size_t>(i / 9)] += static_cast<double>(squares[static_cast<size_t>(i)]);
    channel_factors(q.data(), in, static_cast<double>(9 * out));
    for (int64_t c = 0; c < in; ++c) channel_scale[c] = static_cast<float>(q[static_cast<size_t>(c)]);
    for (int64_t i = 0; i < row; ++i) inverse[static_cast<size_t>(i)] = 1.f / channel_scale[i / 9];
    for (int64_t n = 0; n < out; ++n) {
      double& column = columns[static_cast<size_t>(n)];
      column = sum_of_squares(weight + n * row, inverse.data(), row) * scale_of(n) * scale_of(n);
      zero.push_back(column == 0);
    }
    channel_factors(columns.data(), out, static_cast<double>(row) * balance_of(edge) * balance_of(edge));
  }
};

}  // namespace

InnerWinogradWeights pack_inner_winograd(int which, int64_t edge, const float* weight, const double* scale,
                                         int64_t in, int64_t out, int64_t panels_of_group,
                                         const isa::Kernels& kernels, Packs& packs) {
  const int64_t elements = edge * edge, panels = ceil_div(out, kWidth), row = in * 9,
                panel_floats = isa::inner_panel_floats(in), plain = in * kWidth;
  const float* record = packs.add(in + panels * kWidth + elements * panels * panel_floats, [&](float* to) {
    float *column_scale = to + in, *group = column_scale + panels * kWidth;
    const ChannelScales scales(edge, weight, scale, in, out, to);
    for (int64_t n = 0; n < panels * kWidth; ++n) {  // what is multiplied by zeros is exactly zero
      const bool there = n < out && !scales.zero[static_cast<size_t>(n)];
      column_scale[n] = there ? static_cast<float>(scales.columns[static_cast<size_t>(n)]) : 0.f;
    }
    std::vector<float> scaled(static_cast<size_t>(row * kWidth)),
        transformed(static_cast<size_t>(elements * plain));
    std::vector<double> factors(kWidth);
    for (int64_t p = 0; p < panels; ++p) {
      const int64_t first = p * kWidth, count = std::min(out - first, kWidth), in_group = p % panels_of_group;
      const int64_t together = std::min(panels - (p - in_group), panels_of_group);
      for (int64_t n = 0; n < count; ++n) {
        const auto column = static_cast<size_t>(first + n);
        factors[static_cast<size_t>(n)] = (scale ? scale[first + n] : 1.0) / scales.columns[column];
        const float* const from = weight + (first + n) * row;
        for (int64_t i = 0; i < row; ++i)
          scaled[static_cast<size_t>(n * row + i)] = from[i] * scales.inverse[static_cast<size_t>(i)];
      }
      kernels.vision->winograd_weights[which](scaled.data(), row, count, factors.data(), in, kWidth,
                                              transformed.data(), plain);
      for (int64_t e = 0; e < elements; ++e) {
        float* chunk = group + e * together * panel_floats;
        for (int64_t k = 0; k < in; k += isa::kInnerChunk) {
          const int64_t depth = std::min(in - k, isa::kInnerChunk), floats = isa::inner_panel_floats(depth);
          kernels.inner->pack(transformed.data() + e * plain + k * kWidth, depth, depth, nullptr, nullptr,
                              chunk + in_group * floats);
          chunk += together * floats;
        }
      }
      if (in_group + 1 == together) group += elements * together * panel_floats;
    }
  });
  return {record, record + in, record + in + panels * kWidth};
}

}  // namespace sconce::engine
