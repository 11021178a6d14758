// How rows and weights get into the places from which tiles read them. Included by gemm_<isa>.cpp alone, inside their unnamed
// namespace, after vec_<isa>.h.

// Eight (four) rows of as many floats become columns, `stride[j]` floats apart.
#if defined(__AVX2__) && (defined(_IMMINTRIN_H_INCLUDED) || defined(__IMMINTRIN_H))
constexpr int kBlock = 8;
struct Lanes {
  __m256 v;
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Lanes zero() { return {_mm256_setzero_ps()}; }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  Lanes scaled(float scale, float low) const {
    return {_mm256_fmadd_ps(v, _mm256_set1_ps(scale), _mm256_mul_ps(v, _mm256_set1_ps(low)))};
  }
};
inline void transpose(Lanes (&r)[8]) {
  __m256 t[8], u[8];
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i].v, r[i + 1].v);
    t[i + 1] = _mm256_unpackhi_ps(r[i].v, r[i + 1].v);
  }
  for (int i = 0; i < 8; i += 4) {
    u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    r[i].v = _mm256_permute2f128_ps(u[i], u[i + 4], 0x20);
    r[i + 4].v = _mm256_permute2f128_ps(u[i], u[i + 4], 0x31);
  }
}
#else
constexpr int kBlock = 4;
struct Lanes {
  float v[4];
  static Lanes load(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
  static Lanes zero() { return {{0.f, 0.f, 0.f, 0.f}}; }
  void store(float* p) const { __builtin_memcpy(p, v, sizeof v); }
  Lanes scaled(float scale, float low) const {
    Lanes r;
    for (int i = 0; i < 4; ++i)
      r.v[i] = static_cast<float>(static_cast<double>(v[i]) * (static_cast<double>(scale) + low));
    return r;
  }
};
inline void transpose(Lanes (&r)[4]) {
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < i; ++j) {
      const float x = r[i].v[j];
      r[i].v[j] = r[j].v[i];
      r[j].v[i] = x;
    }
}
#endif

void pack(const float* weight, int64_t weight_pitch, int64_t rows, const float* scale, const float* scale_low,
          int64_t k, int64_t taps, int64_t width, float* panel) {
  const int64_t n = k * taps, whole = n - n % kBlock;
  for (int64_t r0 = 0; r0 < width; r0 += kBlock) {
    // j counts the source's floats, c * taps + t; its row in the panel is t * k + c.
    int64_t c = 0, t = 0;
    auto next = [&] {
      float* row = panel + (t * k + c) * width + r0;
      if (++t == taps) t = 0, ++c;
      return row;
    };
    for (int64_t j = 0; j < whole; j += kBlock) {
      Lanes x[kBlock];
      for (int i = 0; i < kBlock; ++i) {
        x[i] = r0 + i < rows ? Lanes::load(weight + (r0 + i) * weight_pitch + j) : Lanes::zero();
        if (scale && r0 + i < rows) x[i] = x[i].scaled(scale[r0 + i], scale_low[r0 + i]);
      }
      transpose(x);
      for (int i = 0; i < kBlock; ++i) x[i].store(next());
    }
    for (int64_t j = whole; j < n; ++j) {
      float* row = next();
      for (int i = 0; i < kBlock; ++i) {
        float x = r0 + i < rows ? weight[(r0 + i) * weight_pitch + j] : 0.f;
        if (scale && r0 + i < rows)
          x = static_cast<float>(static_cast<double>(x) *
                                 (static_cast<double>(scale[r0 + i]) + scale_low[r0 + i]));
        row[i] = x;
      }
    }
  }
}

void pack_rows(const float* b, int64_t b_pitch, int64_t k, int64_t columns, int64_t width, float* panel) {
  const int64_t whole = columns - columns % Vec::size;
  for (int64_t i = 0; i < k; ++i, b += b_pitch, panel += width) {
    int64_t n = 0;
    for (; n < whole; n += Vec::size) Vec::load(b + n).store(panel + n);
    if (n < columns) {
      Vec::load_first(b + n, static_cast<int>(columns - n)).store(panel + n);
      n += Vec::size;
    }
    for (; n < width; n += Vec::size) Vec::zero().store(panel + n);
  }
}

template <int V>
void copy_vectors(const float* x, int64_t x_step, int64_t count, float* y, int64_t y_step) {
  for (int64_t i = 0; i < count; ++i, x += x_step, y += y_step)
    for (int v = 0; v < V; ++v) Vec::load(x + v * Vec::size).store(y + v * Vec::size);
}
void copy(const float* x, int64_t x_step, int64_t n, int64_t count, float* y, int64_t y_step) {
  switch ((n + Vec::size - 1) / Vec::size) {
    case 1: return copy_vectors<1>(x, x_step, count, y, y_step);
    case 2: return copy_vectors<2>(x, x_step, count, y, y_step);
    case 3: return copy_vectors<3>(x, x_step, count, y, y_step);
    case 4: return copy_vectors<4>(x, x_step, count, y, y_step);
    case 6: return copy_vectors<6>(x, x_step, count, y, y_step);
    default: break;
  }
  for (int64_t i = 0; i < count; ++i, x += x_step, y += y_step)
    for (int64_t j = 0; j < n; j += Vec::size) Vec::load(x + j).store(y + j);
}

inline Vec load_part(const float* p, int64_t left) {
  return left >= Vec::size ? Vec::load(p) : Vec::load_first(p, static_cast<int>(left));
}

void prologue(const RowPrologue& p, const float* x, int64_t k, float* y) {
  for (int64_t i = 0; i < k; i += Vec::size) {
    Vec v = load_part(x + i, k - i);
    if (p.scale && p.shift)
      v = Vec::fma(v, load_part(p.scale + i, k - i), load_part(p.shift + i, k - i));
    else if (p.scale)
      v = v * load_part(p.scale + i, k - i);
    if (p.relu) v = Vec::max(Vec::zero(), v);
    if (k - i >= Vec::size)
      v.store(y + i);
    else
      v.store_first(y + i, static_cast<int>(k - i));
  }
}
