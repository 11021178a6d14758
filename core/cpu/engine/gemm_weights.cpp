// Weights of convolutions and Linear layers, packed for the tiles.
#include "cpu/engine/gemm_weights.h"

namespace sconce::engine {
namespace {

// Scales as sums of two floats: what is multiplied in is rounded once.
struct Scales {
  std::vector<float> high, low;

  Scales(const double* scale, int64_t n) {
    if (!scale) return;
    high.reserve(static_cast<size_t>(n));
    low.reserve(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) {
      high.push_back(static_cast<float>(scale[i]));
      low.push_back(static_cast<float>(scale[i] - static_cast<double>(high.back())));
    }
  }
  const float* high_at(int64_t i) const { return high.empty() ? nullptr : high.data() + i; }
  const float* low_at(int64_t i) const { return low.empty() ? nullptr : low.data() + i; }
};

// One unit's rows [n][k * taps], zero where a group does not read another's channels.
std::vector<float> unit_rows(const PackedWeights& shape, int64_t unit, const ConvWeights& weights,
                             int64_t groups, bool transposed, int64_t positions,
                             const std::vector<int64_t>& chosen) {
  const int64_t together = groups / shape.units, in = shape.k / together, out = shape.n / together;
  const auto taps = static_cast<int64_t>(chosen.size());
  std::vector<float> rows(static_cast<size_t>(shape.n * shape.k * taps), 0.f);
  for (int64_t g = 0; g < together; ++g)
    for (int64_t o = 0; o < out; ++o)
      for (int64_t i = 0; i < in; ++i) {
        const int64_t group = unit * together + g;
        const float* source = weights.in_by_out ? weights.weight + i * shape.n + o
                              : transposed      ? weights.weight + ((group * in + i) * out + o) * positions
                                                : weights.weight + ((group * out + o) * in + i) * positions;
        float* row = rows.data() + ((g * out + o) * shape.k + g * in + i) * taps;
        for (int64_t t = 0; t < taps; ++t) row[t] = source[chosen[static_cast<size_t>(t)]];
      }
  return rows;
}

}  // namespace

PackedWeights weights_shape(int64_t groups, int64_t in_per_group, int64_t out_per_group, int64_t taps,
                            const isa::GemmKernels& kernels) {
  int64_t together = 1;
  for (int64_t g = 1; g <= groups && g * out_per_group <= kernels.width(); ++g)
    if (groups % g == 0) together = g;
  PackedWeights shape;
  shape.units = groups / together;
  shape.k = together * in_per_group;
  shape.n = together * out_per_group;
  shape.taps = taps;
  shape.panels = kernels.panels_for(shape.n);
  const int64_t last = shape.panels - 1;
  shape.unit_floats =
      (last * kernels.width() + kernels.vectors_of(last, shape.n) * kernels.vector) * shape.k * taps;
  return shape;
}

const float* pack_weights(const PackedWeights& shape, const ConvWeights& weights, const double* scale,
                          int64_t groups, bool transposed, int64_t positions,
                          const std::vector<int64_t>& chosen, const isa::GemmKernels& kernels, Packs& packs) {
  const auto taps = static_cast<int64_t>(chosen.size());
  const bool as_they_lie = !transposed && !weights.in_by_out && shape.units == groups && taps == positions;
  const bool rows_lie = weights.in_by_out && !scale;
  return packs.add(shape.units * shape.unit_floats, [&](float* data) {
    const Scales scales(scale, shape.units * shape.n);
    std::vector<float> made;
    for (int64_t u = 0; u < shape.units; ++u) {
      if (!as_they_lie && !rows_lie)
        made = unit_rows(shape, u, weights, groups, transposed, positions, chosen);
      const int64_t pitch = shape.k * taps;
      const float* rows = as_they_lie ? weights.weight + u * shape.n * pitch : made.data();
      for (int64_t p = 0; p < shape.panels; ++p) {
        const int64_t first = p * kernels.width(), columns = kernels.columns_of(p, shape.n);
        const int64_t width = kernels.vectors_of(p, shape.n) * kernels.vector;
        float* panel = data + u * shape.unit_floats + first * pitch;
        const int64_t channel = u * shape.n + first;
        if (rows_lie)
          kernels.pack_rows(weights.weight + first, shape.n, shape.k, columns, width, panel);
        else
          kernels.pack(rows + first * pitch, pitch, columns, scales.high_at(channel), scales.low_at(channel),
                       shape.k, taps, width, panel);
      }
    }
  });
}

const float* pack_row(const double* values, int64_t n, Packs& packs) {
  if (!values) return nullptr;
  const int64_t room = (n + 15) / 16 * 16 + 64;
  return packs.add(room, [&](float* row) {
    for (int64_t i = 0; i < room; ++i) row[i] = i < n ? static_cast<float>(values[i]) : 0.f;
  });
}

}  // namespace sconce::engine
