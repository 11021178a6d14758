// Rows on their way into tiles of inner products: AVX-512. Included by inner_avx512.cpp alone, inside its unnamed namespace, after vec_avx512.h.

// 2 to the power of n.
float power(int32_t n) {
  const int32_t bits = (127 + n) << 23;
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}
int32_t bits_of(float x) {
  int32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  return bits;
}

// Means of squares within these are neither too large nor too small to say something.
bool says_something(float mean_square) { return mean_square > 1e-30f && mean_square < 1e30f; }
// The power of two nearest to the root of 1 / mean_square.
float inverse_root(float mean_square) {
  const int32_t twice = bits_of(mean_square) - bits_of(1.f);  // of the logarithm, about, in units of 2^-23
  return power(-((twice + (1 << 23)) >> 24));
}
// For the other means: a power of two that brings the largest number near 1, so that squares can be taken. 0 for 0, NaN where it is not finite.
float inverse_largest(float most) {
  if (!(most < __builtin_inff())) return __builtin_nanf("");
  if (most == 0.f) return 0.f;
  const int32_t exponent = (bits_of(most) >> 23) - 127;
  return power(exponent < -120 ? 120 : exponent > 120 ? -120 : -exponent);
}
// Of magnitudes; infinity where there is a NaN.
float largest_or_infinity(Vec v) { return (v - v).sum() == 0.f ? v.largest() : __builtin_inff(); }

// The sums of sixteen vectors.
Vec sums_of(const Vec* v) {
  const auto quarter = [](const Vec* q) __attribute__((always_inline)) {
    const __m512 a =
        _mm512_add_ps(_mm512_shuffle_ps(q[0].v, q[1].v, 0x88), _mm512_shuffle_ps(q[0].v, q[1].v, 0xdd));
    const __m512 b =
        _mm512_add_ps(_mm512_shuffle_ps(q[2].v, q[3].v, 0x88), _mm512_shuffle_ps(q[2].v, q[3].v, 0xdd));
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
  };
  const __m512 a = quarter(v), b = quarter(v + 4), c = quarter(v + 8), d = quarter(v + 12);
  const __m512 s = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
  const __m512 t = _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
  return {_mm512_add_ps(_mm512_shuffle_f32x4(s, t, 0x88), _mm512_shuffle_f32x4(s, t, 0xdd))};
}

// Pairs are added and subtracted in turn.
Vec alternating(Vec products) {
  alignas(64) static constexpr float signs[16] = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};
  return products * Vec::load(signs);
}

constexpr int kRowsRoom = 32;  // of a tile, in whole vectors

// use(x * channel_scale) for sixteen channels of a row at a time, two of which may be open.
template <class Use>
[[gnu::always_inline]] inline void each_of_row(const InnerRowsCall& g, int64_t row, Use&& use) {
  const int64_t whole = g.k / 16 * 16;
  const int rest = static_cast<int>(g.k - whole);
  for (int64_t t = 0; t < g.taps; ++t) {
    const float* x = g.rows[t * g.rows_pitch + row];
    const float* s = g.channel_scale + t * g.k;
    int64_t i = 0;
    for (; i + 32 <= whole; i += 32) {
      use(0, Vec::load(x + i) * Vec::load(s + i));
      use(1, Vec::load(x + i + 16) * Vec::load(s + i + 16));
    }
    if (i < whole) use(0, Vec::load(x + i) * Vec::load(s + i));
    if (rest) use(1, Vec::load_first(x + whole, rest) * Vec::load_first(s + whole, rest));
  }
}

Vec squares_of_row(const InnerRowsCall& g, int64_t row) {
  Vec square[2] = {Vec::zero(), Vec::zero()};
  each_of_row(
      g, row, [&](int i, Vec x) __attribute__((always_inline)) { square[i] = Vec::fma(x, x, square[i]); });
  return square[0] + square[1];
}

// What a row is multiplied by where its squares are out of range.
[[gnu::noinline]] float factor_of_unusual_row(const InnerRowsCall& g, int64_t row, float each) {
  Vec most = Vec::zero(), square = Vec::zero();
  each_of_row(g, row, [&](int, Vec x) { most = Vec::max_or_nan(most, Vec::abs(x)); });
  const float first = inverse_largest(largest_or_infinity(most));
  if (first == 0.f || first != first) return first;
  each_of_row(g, row, [&](int, Vec x) {
    x = x * Vec::broadcast(first);
    square = Vec::fma(x, x, square);
  });
  return first * inverse_root(square.sum() * each);
}

// The factors of all rows; false where one is not finite.
bool factors_of_rows(const InnerRowsCall& g, float* factors) {
  Vec squares[kRowsRoom];
  for (int i = 0; i < kRowsRoom; ++i) squares[i] = i < g.count ? squares_of_row(g, i) : Vec::zero();
  const float each = 1.f / static_cast<float>(g.taps * g.k);
  (sums_of(squares) * Vec::broadcast(each)).store(factors);
  (sums_of(squares + 16) * Vec::broadcast(each)).store(factors + 16);
  bool finite = true;
  for (int64_t row = 0; row < g.count; ++row) {
    const float mean = factors[row];
    float factor = says_something(mean) ? inverse_root(mean) : factor_of_unusual_row(g, row, each);
    if (factor != factor) finite = false, factor = 1.f;
    factors[row] = factor;
    g.row_scale[row] = factor == 0.f ? 0.f : 1.f / factor;
  }
  return finite;
}

// Blocks [first, last) of a row to where the tile has them; returns the sums of x0 x1.
Vec bring_in(const InnerRowsCall& g, int64_t row, int64_t first, int64_t last, Vec factor) {
  const int64_t k = g.taps == 1 ? last * kInnerBlock : g.k;
  float* to = g.x + (first * g.count + row) * kInnerBlock;
  int64_t t = first * kInnerBlock / k, i = first * kInnerBlock % k;
  Vec products = Vec::zero();
  for (int64_t b = first; b < last; ++b, to += g.count * kInnerBlock) {
    const float *x = g.rows[t * g.rows_pitch + row] + i, *s = g.channel_scale + t * g.k + i;
    Vec p, q;
    if (const int64_t left = g.k - i; left >= kInnerBlock) {
      p = Vec::load(x) * (Vec::load(s) * factor);
      q = Vec::load(x + 16) * (Vec::load(s + 16) * factor);
    } else {  // the last block of one tap
      const int n = static_cast<int>(left);
      p = Vec::load_first(x, n < 16 ? n : 16) * (Vec::load(s) * factor);
      q = n > 16 ? Vec::load_first(x + 16, n - 16) * (Vec::load(s + 16) * factor) : Vec::zero();
    }
    p.store(to);
    q.store(to + 16);
    products = Vec::fma(p, q, products);
    i += kInnerBlock;
    if (i == k) i = 0, ++t;
  }
  return products;
}

bool rows(const InnerRowsCall& g) {
  alignas(64) float factors[kRowsRoom];
  const bool finite = factors_of_rows(g, factors);
  const int64_t blocks = (g.taps * g.k + kInnerBlock - 1) / kInnerBlock;
  float* sums = g.sums;
  for (int64_t first = 0; first < blocks; first += kInnerChunk / kInnerBlock, sums += g.sums_pitch) {
    const int64_t last =
        first + kInnerChunk / kInnerBlock < blocks ? first + kInnerChunk / kInnerBlock : blocks;
    Vec products[kRowsRoom];
    for (int i = 0; i < kRowsRoom; ++i)
      products[i] =
          i < g.count ? alternating(bring_in(g, i, first, last, Vec::broadcast(factors[i]))) : Vec::zero();
    const int count = static_cast<int>(g.count);
    sums_of(products).store_first(sums, count < 16 ? count : 16);
    if (count > 16) sums_of(products + 16).store_first(sums + 16, count - 16);
  }
  return finite;
}
