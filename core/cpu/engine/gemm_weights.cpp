// Weights of convolutions and Linear layers, packed for the tiles.
#include "cpu/engine/gemm_weights.h"

#include <sconce/error.h>
#include <sconce/small_float.h>

#include <algorithm>
#include <cmath>
#include <cstring>

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

namespace {

// The largest magnitudes of n columns of `count` rows of `width`; NaN where one is.
void add_largest(const float* panel, int64_t count, int64_t width, int64_t n, float* largest) {
  for (int64_t i = 0; i < count; ++i, panel += width)
    for (int64_t c = 0; c < n; ++c) {
      const float x = std::fabs(panel[c]);
      if (x > largest[c] || std::isnan(x)) largest[c] = x;
    }
}

template <class Float>
void round_to(const float* from, int64_t count, uint16_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = Float(from[i]).bits;
}

// To the nearest of -127..127 times the column's scale.
void quantize(const float* panel, const float* scale, int64_t count, int64_t width, int8_t* to) {
  for (int64_t i = 0; i < count; ++i)
    for (int64_t c = 0; c < width; ++c, ++panel, ++to)
      *to = scale[c] > 0 ? static_cast<int8_t>(std::lrint(std::clamp(*panel / scale[c], -127.f, 127.f))) : 0;
}

// Packs panels, giving each to put(panel, unit, first column, columns, width); `to` is where it is made, or null: in memory of its own.
template <class Put>
void for_each_panel(const PackedWeights& shape, const ConvWeights& weights, const double* scale,
                    int64_t groups, bool transposed, int64_t positions, const std::vector<int64_t>& chosen,
                    const isa::GemmKernels& kernels, float* to, Put&& put) {
  const auto taps = static_cast<int64_t>(chosen.size());
  const bool as_they_lie = !transposed && !weights.in_by_out && shape.units == groups && taps == positions;
  const bool rows_lie = weights.in_by_out && !scale;
  const Scales scales(scale, shape.units * shape.n);
  std::vector<float> made, apart;
  const int64_t pitch = shape.k * taps;
  if (!to) apart.resize(static_cast<size_t>(kernels.widest * kernels.vector * pitch + 16));
  for (int64_t u = 0; u < shape.units; ++u) {
    if (!as_they_lie && !rows_lie) made = unit_rows(shape, u, weights, groups, transposed, positions, chosen);
    const float* rows = as_they_lie ? weights.weight + u * shape.n * pitch : made.data();
    for (int64_t p = 0; p < shape.panels; ++p) {
      const int64_t first = p * kernels.width(), columns = kernels.columns_of(p, shape.n);
      const int64_t width = kernels.vectors_of(p, shape.n) * kernels.vector;
      float* panel = to ? to + u * shape.unit_floats + first * pitch : apart.data();
      const int64_t channel = u * shape.n + first;
      if (rows_lie)
        kernels.pack_rows(weights.weight + first, shape.n, shape.k, columns, width, panel);
      else
        kernels.pack(rows + first * pitch, pitch, columns, scales.high_at(channel), scales.low_at(channel),
                     shape.k, taps, width, panel);
      put(panel, u * shape.unit_floats + first * pitch, channel, columns, width);
    }
  }
}

}  // namespace

void pack_weights(PackedWeights& shape, const ConvWeights& weights, const double* scale, int64_t groups,
                  bool transposed, int64_t positions, const std::vector<int64_t>& chosen,
                  const isa::GemmKernels& kernels, Packs& packs) {
  const auto all_panels = [&](float* to, auto&& put) {
    for_each_panel(shape, weights, scale, groups, transposed, positions, chosen, kernels, to, put);
  };
  const int64_t count = shape.units * shape.unit_floats,
                floats = (count * isa::size_of(shape.stored) + 3) / 4,
                length = shape.k * static_cast<int64_t>(chosen.size());
  switch (shape.stored) {
    case isa::Stored::f32:
      shape.data = packs.add(floats, [&](float* to) { all_panels(to, [](auto...) {}); });
      return;
    case isa::Stored::bf16:
    case isa::Stored::f16:
      shape.data = packs.add(floats, [&](float* to) {
        auto* bits = reinterpret_cast<uint16_t*>(to);
        all_panels(nullptr, [&](const float* panel, int64_t at, int64_t, int64_t columns, int64_t width) {
          if (shape.stored == isa::Stored::bf16) return round_to<BFloat16>(panel, length * width, bits + at);
          std::vector<float> largest(static_cast<size_t>(columns), 0.f);
          add_largest(panel, length, width, columns, largest.data());
          for (float x : largest)
            check(!(x >= 65520.f),
                  "[prepare] expected weights within 65504, which is all that f16 holds, got ", x);
          round_to<Half>(panel, length * width, bits + at);
        });
      });
      return;
    case isa::Stored::i8: break;
  }
  // Both records at once, because the scales come out of the weights.
  const int64_t room = (shape.units * shape.n + 15) / 16 * 16 + 64;
  std::vector<int8_t> bytes;
  shape.scale = packs.add(room, [&](float* scales) {
    std::fill_n(scales, room, 0.f);
    bytes.resize(static_cast<size_t>(count));
    all_panels(nullptr, [&](const float* panel, int64_t at, int64_t channel, int64_t columns, int64_t width) {
      std::vector<float> own(static_cast<size_t>(width), 0.f);
      add_largest(panel, length, width, columns, own.data());
      for (float& x : own) {
        check(std::isfinite(x), "[prepare] expected finite weights for int8, got ", x);
        x /= 127.f;
      }
      std::copy_n(own.data(), columns, scales + channel);
      quantize(panel, own.data(), length, width, bytes.data() + at);
    });
  });
  shape.data =
      packs.add(floats, [&](float* to) { std::memcpy(to, bytes.data(), static_cast<size_t>(count)); });
}

const float* pack_row(const double* values, int64_t n, Packs& packs) {
  if (!values) return nullptr;
  const int64_t room = (n + 15) / 16 * 16 + 64;
  return packs.add(room, [&](float* row) {
    for (int64_t i = 0; i < room; ++i) row[i] = i < n ? static_cast<float>(values[i]) : 0.f;
  });
}

}  // namespace sconce::engine
