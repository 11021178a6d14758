// Square blocks of floats, turned. Included by kernels' sources alone, inside their unnamed namespace.

constexpr int kBlock = 8;

// y[i * y_pitch + j] = x[j * x_pitch + i]
inline void transpose_block(const float* x, int64_t x_pitch, float* y, int64_t y_pitch) {
  __m256 r[8], s[8];
  // Rows j and j + 4 side by side: then what is left happens within 128 bits.
  for (int j = 0; j < 4; ++j) {
    const float *low = x + j * x_pitch, *high = low + 4 * x_pitch;
    r[j] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
    r[j + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low + 4)), _mm_loadu_ps(high + 4), 1);
  }
  for (int half = 0; half < 8; half += 4) {
    s[half] = _mm256_unpacklo_ps(r[half], r[half + 1]);
    s[half + 1] = _mm256_unpackhi_ps(r[half], r[half + 1]);
    s[half + 2] = _mm256_unpacklo_ps(r[half + 2], r[half + 3]);
    s[half + 3] = _mm256_unpackhi_ps(r[half + 2], r[half + 3]);
  }
  for (int half = 0; half < 8; half += 4) {
    float* to = y + half * y_pitch;
    _mm256_storeu_ps(to, _mm256_shuffle_ps(s[half], s[half + 2], 0x44));
    _mm256_storeu_ps(to + y_pitch, _mm256_shuffle_ps(s[half], s[half + 2], 0xEE));
    _mm256_storeu_ps(to + 2 * y_pitch, _mm256_shuffle_ps(s[half + 1], s[half + 3], 0x44));
    _mm256_storeu_ps(to + 3 * y_pitch, _mm256_shuffle_ps(s[half + 1], s[half + 3], 0xEE));
  }
}

// y[3 * i + c] = x_c[i] for kBlock pixels.
inline void interleave_block(const float* r, const float* g, const float* b, float* y) {
  // Within 128 bits: r0 g0 b0 r1 | g1 b1 r2 g2 | b2 r3 g3 b3.
  const __m256 x = _mm256_loadu_ps(r), u = _mm256_loadu_ps(g), v = _mm256_loadu_ps(b);
  const __m256 xp = _mm256_permute_ps(x, 0x6C);  // r0 r3 r2 r1
  const __m256 up = _mm256_permute_ps(u, 0xB1);  // g1 g0 g3 g2
  const __m256 vp = _mm256_permute_ps(v, 0xC6);  // b2 b1 b0 b3
  const __m256 p = _mm256_blend_ps(_mm256_blend_ps(xp, up, 0x22), vp, 0x44);
  const __m256 q = _mm256_blend_ps(_mm256_blend_ps(up, vp, 0x22), xp, 0x44);
  const __m256 t = _mm256_blend_ps(_mm256_blend_ps(vp, xp, 0x22), up, 0x44);
  _mm256_storeu_ps(y, _mm256_permute2f128_ps(p, q, 0x20));
  _mm256_storeu_ps(y + 8, _mm256_permute2f128_ps(t, p, 0x30));
  _mm256_storeu_ps(y + 16, _mm256_permute2f128_ps(q, t, 0x31));
}
