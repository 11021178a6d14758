// Panels of weights for inner products: AVX-512. Included by inner_avx512.cpp alone, inside its unnamed namespace, after inner_rows.h.

// use(weights of k) for all k.
template <class Use>
[[gnu::always_inline]] inline void each_of_panel(const float* plain, int64_t k, const float* channel,
                                                 Use&& use) {
  for (int64_t i = 0; i < k; ++i) {
    const Vec y = Vec::load(plain + i * 16);
    use(channel ? y * Vec::broadcast(channel[i]) : y);
  }
}

// What columns are multiplied by where squares are out of range: 0 for one of zeros, NaN for one that is not finite.
[[gnu::noinline]] void unusual_factors(const float* plain, int64_t k, const float* channel, float* factors) {
  Vec most = Vec::zero(), square = Vec::zero();
  each_of_panel(plain, k, channel, [&](Vec y) { most = Vec::max_or_nan(most, Vec::abs(y)); });
  alignas(64) float first[16], means[16];
  most.store(first);
  for (float& f : first) f = inverse_largest(f);
  const Vec by = Vec::load(first);
  each_of_panel(plain, k, channel, [&](Vec y) { square = Vec::fma(y * by, y * by, square); });
  (square * Vec::broadcast(1.f / static_cast<float>(k))).store(means);
  for (int n = 0; n < 16; ++n)
    factors[n] = first[n] == 0.f || first[n] != first[n] ? first[n] : first[n] * inverse_root(means[n]);
}

bool pack(const float* plain, int64_t k, int64_t padded, const float* channel, float* column_scale,
          float* panel) {
  alignas(64) float factors[16];
  for (float& f : factors) f = 1.f;
  bool finite = true;
  if (column_scale) {
    Vec square = Vec::zero();
    each_of_panel(
        plain, k, channel, [&](Vec y) __attribute__((always_inline)) { square = Vec::fma(y, y, square); });
    (square * Vec::broadcast(1.f / static_cast<float>(k))).store(factors);
    bool usual = true;
    for (float f : factors) usual = usual && says_something(f);
    if (usual)
      for (float& f : factors) f = inverse_root(f);
    else
      unusual_factors(plain, k, channel, factors);
    for (int n = 0; n < 16; ++n) {
      float& f = factors[n];
      if (f != f) finite = false;
      column_scale[n] = f == 0.f ? 0.f : f != f ? 1.f : 1.f / f;
      if (f == 0.f || f != f) f = 1.f;
    }
  }
  const Vec f = Vec::load(factors);
  const auto weight = [&](int64_t i) {
    if (i >= k) return Vec::zero();
    const Vec y = Vec::load(plain + i * 16) * f;
    return channel ? y * Vec::broadcast(channel[i]) : y;
  };
  const auto half = [](Vec v, int which) {
    return _mm512_cvtps_pd(which ? _mm512_extractf32x8_ps(v.v, 1) : _mm512_castps512_ps256(v.v));
  };
  for (int64_t first = 0; first < padded; first += kInnerChunk) {
    float* column_sums = panel;
    panel += kInnerColumns;
    __m512d low = _mm512_setzero_pd(), high = low;  // minus the sums, in double
    for (int64_t block = first; block < padded && block < first + kInnerChunk; block += kInnerBlock)
      for (int64_t i = block; i < block + 16; ++i, panel += 32) {
        const Vec y0 = weight(i), y1 = weight(i + 16);
        y0.store(panel);
        y1.store(panel + 16);
        if (i % 2) {
          low = _mm512_fmadd_pd(half(y0, 0), half(y1, 0), low);
          high = _mm512_fmadd_pd(half(y0, 1), half(y1, 1), high);
        } else {
          low = _mm512_fnmadd_pd(half(y0, 0), half(y1, 0), low);
          high = _mm512_fnmadd_pd(half(y0, 1), half(y1, 1), high);
        }
      }
    _mm256_storeu_ps(column_sums, _mm512_cvtpd_ps(low));
    _mm256_storeu_ps(column_sums + 8, _mm512_cvtpd_ps(high));
  }
  return finite;
}
