// Weights of convolutions and Linear layers, packed for products by inner products.
#include "cpu/engine/inner_weights.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/engine/parts.h"

namespace sconce::engine {
namespace {

// [k of all taps][16] of columns [first, first + 16), zeros where there are none.
class Columns {
 public:
  Columns(const ConvWeights& weights, const double* scale, int64_t k, int64_t taps, int64_t n,
          const isa::GemmKernels& kernels)
      : weights_(weights), k_(k), taps_(taps), n_(n), kernels_(kernels) {
    for (int64_t i = 0; scale && i < n; ++i) {
      high_.push_back(static_cast<float>(scale[i]));
      low_.push_back(static_cast<float>(scale[i] - static_cast<double>(high_.back())));
    }
  }

  // The sums of squares of each channel's weights, in the order of the columns' rows.
  std::vector<double> squares() const {
    const int64_t length = k_ * taps_;
    std::vector<double> q(static_cast<size_t>(length), 0.0);
    if (weights_.in_by_out) {
      for (int64_t i = 0; i < length; ++i)
        q[static_cast<size_t>(i)] =
            sum_of_squares(weights_.weight + i * n_, high_.empty() ? nullptr : high_.data(), n_);
      return q;
    }
    std::vector<float> sums(static_cast<size_t>(length), 0.f);
    for (int64_t c = 0; c < n_; ++c)
      add_squares(weights_.weight + c * length, high_.empty() ? 1.f : high_[static_cast<size_t>(c)], length,
                  sums.data());
    for (int64_t i = 0; i < k_; ++i)
      for (int64_t t = 0; t < taps_; ++t)
        q[static_cast<size_t>(t * k_ + i)] = static_cast<double>(sums[static_cast<size_t>(i * taps_ + t)]);
    return q;
  }

  void pack(int64_t first, float* to) const {
    const int64_t count = std::min<int64_t>(n_ - first, isa::kInnerColumns);
    const float *high = high_.empty() ? nullptr : high_.data() + first,
                *low = low_.empty() ? nullptr : low_.data() + first;
    if (!weights_.in_by_out)
      return kernels_.pack(weights_.weight + first * k_ * taps_, k_ * taps_, count, high, low, k_, taps_,
                           isa::kInnerColumns, to);
    kernels_.pack_rows(weights_.weight + first, n_, k_, count, isa::kInnerColumns, to);
    for (int64_t i = 0; high && i < k_; ++i)
      for (int64_t c = 0; c < count; ++c) {
        const double scale = static_cast<double>(high[c]) + static_cast<double>(low[c]);
        float& w = to[i * isa::kInnerColumns + c];
        w = static_cast<float>(static_cast<double>(w) * scale);
      }
  }

 private:
  const ConvWeights& weights_;
  std::vector<float> high_, low_;
  int64_t k_, taps_, n_;
  const isa::GemmKernels& kernels_;
};

}  // namespace

bool inner_pays(int64_t rows, int64_t k, int64_t taps, int64_t n) {
  const int64_t depth = k * taps, padded = ceil_div(depth, isa::kInnerBlock) * isa::kInnerBlock;
  const bool blocks = k % isa::kInnerBlock == 0 || (taps == 1 && (padded - depth) * 5 <= depth);
  return rows >= 12 && blocks && depth >= 64 && n >= 48;
}

double sum_of_squares(const float* x, const float* factor, int64_t n) {
  float sums[16] = {};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int64_t j = 0; j < 16; ++j) {
      const float v = factor ? x[i + j] * factor[i + j] : x[i + j];
      sums[j] += v * v;
    }
  double sum = 0;
  for (float s : sums) sum += static_cast<double>(s);
  for (; i < n; ++i) {
    const double v = static_cast<double>(factor ? x[i] * factor[i] : x[i]);
    sum += v * v;
  }
  return sum;
}

void add_squares(const float* x, float factor, int64_t n, float* q) {
  const float square = factor * factor;
  for (int64_t i = 0; i < n; ++i) q[i] += x[i] * x[i] * square;
}

bool channel_factors(double* q, int64_t count, double terms) {
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) finite = finite && std::isfinite(q[i]);
  for (int64_t i = 0; i < count; ++i)
    q[i] = finite && q[i] > 0
               ? std::ldexp(1.0,
                            static_cast<int>(std::clamp(std::lrint(std::log2(q[i] / terms) / 2), -60L, 60L)))
               : 1.0;
  return finite;
}

InnerWeights pack_inner(const ConvWeights& weights, const double* scale, int64_t k, int64_t taps, int64_t n,
                        bool gathered, const isa::Kernels& kernels, Packs& packs) {
  InnerWeights inner;
  inner.taps = gathered ? 1 : taps;
  inner.k = gathered ? k * taps : k;
  inner.n = n;
  const int64_t length = k * taps, panels = inner.panel_count(), columns = panels * isa::kInnerColumns;
  inner.depth = ceil_div(length, isa::kInnerBlock) * isa::kInnerBlock;
  const int64_t panel_floats = isa::inner_panel_floats(inner.depth);
  const float* record = packs.add(inner.depth + columns + 16 + panels * panel_floats, [&](float* to) {
    const Columns matrix(weights, scale, k, taps, n, *kernels.gemm);
    float *channel_scale = to, *column_scale = channel_scale + inner.depth, *finite = column_scale + columns,
          *panel = finite + 16;
    std::vector<double> q = matrix.squares();
    const bool all_finite = channel_factors(q.data(), length, static_cast<double>(n));
    std::fill_n(finite, 16, all_finite ? 1.f : 0.f);
    std::vector<float> inverse(static_cast<size_t>(length));
    std::fill_n(channel_scale, inner.depth, 0.f);
    for (int64_t i = 0; i < length; ++i) {
      channel_scale[i] = static_cast<float>(q[static_cast<size_t>(i)]);
      inverse[static_cast<size_t>(i)] = 1.f / channel_scale[i];
    }
    std::fill_n(column_scale, columns, 1.f);
    std::vector<float> plain(static_cast<size_t>(length * isa::kInnerColumns + 16));
    for (int64_t p = 0; p < panels; ++p) {
      matrix.pack(p * isa::kInnerColumns, plain.data());
      kernels.inner->pack(plain.data(), length, inner.depth, inverse.data(),
                          all_finite ? column_scale + p * isa::kInnerColumns : nullptr,
                          panel + p * panel_floats);
    }
  });
  inner.channel_scale = record;
  inner.column_scale = record + inner.depth;
  inner.finite = inner.column_scale + columns;
  inner.panels = inner.finite + 16;
  return inner;
}

}  // namespace sconce::engine
