// Planes and matrices as they lie. Included by planes_<isa>.cpp alone, inside their unnamed namespace, after vec_<isa>.h and row_vectors.h.

void affine(const float* x, float scale, float shift, float* y, int64_t n) {
  const Vec s = Vec::broadcast(scale), t = Vec::broadcast(shift);
  for_each_vector(n, [&](int64_t i, auto part) { part.store(Vec::fma(part.load(x + i), s, t), y + i); });
}

// y[i] = f over the taps of x[t][i], four vectors at a time, beginning with `start`.
template <class F>
inline void combine_taps(const float* const* x, int64_t taps, Vec start, float* y, int64_t n, F&& f) {
  constexpr int64_t wide = 4 * Vec::size;
  int64_t i = 0;
  for (; i + wide <= n; i += wide) {
    Vec a = start, b = start, c = start, d = start;
    for (int64_t t = 0; t < taps; ++t) {
      const float* p = x[t] + i;
      a = f(t, Vec::load(p), a);
      b = f(t, Vec::load(p + Vec::size), b);
      c = f(t, Vec::load(p + 2 * Vec::size), c);
      d = f(t, Vec::load(p + 3 * Vec::size), d);
    }
    a.store(y + i), b.store(y + i + Vec::size), c.store(y + i + 2 * Vec::size),
        d.store(y + i + 3 * Vec::size);
  }
  for (; i < n; i += Vec::size) {
    Vec a = start;
    for (int64_t t = 0; t < taps; ++t) a = f(t, Vec::load(x[t] + i), a);
    if (i + Vec::size <= n)
      a.store(y + i);
    else
      a.store_first(y + i, static_cast<int>(n - i));
  }
}

void weighted_sum(const float* const* x, const float* weight, int64_t taps, float start, float* y,
                  int64_t n) {
  combine_taps(x, taps, Vec::broadcast(start), y, n,
               [&](int64_t t, Vec v, Vec sum) { return Vec::fma(Vec::broadcast(weight[t]), v, sum); });
}

void largest(const float* const* x, int64_t taps, float* y, int64_t n) {
  combine_taps(x, taps, Vec::broadcast(-__builtin_inff()), y, n,
               [](int64_t, Vec v, Vec best) { return Vec::max_or_nan(v, best); });
}

void gather(const GatherCall& g) {
  float* row = g.panel;
  for (int64_t k = 0; k < g.rows; ++k, row += g.width)
    for (int64_t s = 0; s < g.count; ++s) {
      const Stretch& stretch = g.stretches[s];
      const float* from = g.sources[k] + stretch.from;
      float* to = row + stretch.to;
      for (int64_t i = 0; i < stretch.count; i += Vec::size) Vec::load(from + i).store(to + i);
    }
}

void every(const float* x, int64_t step, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i * step];
}

// One strip of `R` rows and `J` rows of b, summed along both.
template <int R, int J>
inline void dot_products(const FewRowsCall& g, const float* b, float* c) {
  Vec sums[R][J];
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < J; ++j) sums[i][j] = Vec::zero();
  for_each_vector(g.k, [&](int64_t k, auto part) {
    Vec y[J];
#pragma GCC unroll 4
    for (int j = 0; j < J; ++j) {
      __builtin_prefetch(b + j * g.b_pitch + k + 256);
      y[j] = part.load(b + j * g.b_pitch + k);
    }
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) {
      const Vec x = part.load(g.a + i * g.a_pitch + k);
#pragma GCC unroll 4
      for (int j = 0; j < J; ++j) sums[i][j] = Vec::fma(x, y[j], sums[i][j]);
    }
  });
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < J; ++j) c[i * g.c_pitch + j] = sums[i][j].sum();
}

template <int R, int J>
void few_by_rows_of(const FewRowsCall& g) {
  int64_t j = 0;
  for (; j + J <= g.columns; j += J) dot_products<R, J>(g, g.b + j * g.b_pitch, g.c + j);
  for (; j < g.columns; ++j) dot_products<R, 1>(g, g.b + j * g.b_pitch, g.c + j);
}

void few_by_rows(const FewRowsCall& g) {
  switch (g.rows) {
    case 1: return few_by_rows_of<1, 4>(g);
    case 2: return few_by_rows_of<2, 4>(g);
    case 3: return few_by_rows_of<3, 2>(g);
    default: return few_by_rows_of<4, 2>(g);
  }
}

// c += the next K rows of b, each times its factor: c stays in the first cache, b streams by.
template <int K>
inline void add_rows(const float* a, const float* b, int64_t b_pitch, int64_t columns, bool first, float* c) {
  Vec x[K];
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) x[k] = Vec::broadcast(a[k]);
  for_each_vector(columns, [&](int64_t i, auto part) {
    Vec sum = first ? Vec::zero() : part.load(c + i);
#pragma GCC unroll 4
    for (int k = 0; k < K; ++k) sum = Vec::fma(x[k], part.load(b + k * b_pitch + i), sum);
    part.store(sum, c + i);
  });
}

void few_by_columns(const FewRowsCall& g) {
  int64_t k = 0;
  for (; k + 4 <= g.k; k += 4)
    for (int64_t i = 0; i < g.rows; ++i)
      add_rows<4>(g.a + i * g.a_pitch + k, g.b + k * g.b_pitch, g.b_pitch, g.columns, k == 0,
                  g.c + i * g.c_pitch);
  for (; k < g.k; ++k)
    for (int64_t i = 0; i < g.rows; ++i)
      add_rows<1>(g.a + i * g.a_pitch + k, g.b + k * g.b_pitch, g.b_pitch, g.columns, k == 0,
                  g.c + i * g.c_pitch);
}
