// Weights of convolutions and Linear layers, packed for products by inner products.
#pragma once
#include "cpu/engine/convolution.h"
#include "cpu/engine/packs.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

struct InnerWeights {
  int64_t taps = 1;
  int64_t k = 0;      // of a tap
  int64_t depth = 0;  // taps * k, and what fills the last block
  int64_t n = 0;
  const float* channel_scale = nullptr;  // [depth]: what x is multiplied by, and the weights were divided by
  const float* column_scale = nullptr;   // of each column
  const float* finite = nullptr;         // 0 where a weight is not
  const float* panels = nullptr;         // [panel][isa::inner_panel_floats(depth)]

  int64_t panel_count() const { return (n + isa::kInnerColumns - 1) / isa::kInnerColumns; }
};

// Whether `rows` rows of taps * k are better multiplied with n columns so than by plain multiply-adds: not where a tile has few rows, or
// where bringing rows into tiles is much of the work.
bool inner_pays(int64_t rows, int64_t k, int64_t taps, int64_t n);

// The rows of such a product are [taps][k], or, `gathered`, all taps' channels side by side.
InnerWeights pack_inner(const ConvWeights& weights, const double* scale, int64_t k, int64_t taps, int64_t n,
                        bool gathered, const isa::Kernels& kernels, Packs& packs);

// The sum of (x[i] * factor[i])^2, null: 1, and q[i] += (x[i] * factor)^2: near enough to choose powers of two by.
double sum_of_squares(const float* x, const float* factor, int64_t n);
void add_squares(const float* x, float factor, int64_t n, float* q);

// The powers of two that bring input channels to one size, from sums of squares over all that a channel is multiplied with: q[i] becomes the
// channel's factor for x. Returns false where one is not finite, which leaves all at 1.
bool channel_factors(double* q, int64_t count, double terms);

}  // namespace sconce::engine
