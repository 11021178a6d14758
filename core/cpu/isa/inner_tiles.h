// Tiles of inner products: AVX-512. Included by inner_avx512.cpp alone, inside its unnamed namespace, after gemm_finish.h.

// Which rows of R are computed by plain multiply-adds.
constexpr bool is_plain(int row, int rows) { return row % 3 == 2 || (rows % 3 == 2 && row == rows - 1); }

// Rows lie 128 bytes apart. A pointer in the middle of eight reaches all of them with displacements of one byte.
constexpr int kRowBytes = kInnerBlock * 4, kHalf = 64;
constexpr int displacement(int row, int at) { return (row % 8 - 4) * kRowBytes + at; }
struct Pointers {
  const float* p[3];
  explicit Pointers(const float* x) : p{x + 4 * kInnerBlock, x + 12 * kInnerBlock, x + 20 * kInnerBlock} {}
  void advance(int64_t floats) { p[0] += floats, p[1] += floats, p[2] += floats; }
};

// y + x, y - x and sum += y * x with x broadcast from memory. As part of the instruction that takes no unit of its own, which a separate
// broadcast does; compilers would share equal broadcasts, so this is assembly; volatile keeps the order, in which adds and multiply-adds
// take turns. (What they read, other functions have written, so that memory need not be named.)
template <int row, int at>
[[gnu::always_inline]] inline Vec plus(Vec y, const Pointers& x) {
  Vec r;
  asm volatile("vaddps %c3(%2)%{1to16%}, %1, %0"
               : "=v"(r.v)
               : "v"(y.v), "r"(x.p[row / 8]), "i"(displacement(row, at)));
  return r;
}
template <int row, int at>
[[gnu::always_inline]] inline Vec minus(Vec y, const Pointers& x) {
  Vec r;
  asm volatile("vsubps %c3(%2)%{1to16%}, %1, %0"
               : "=v"(r.v)
               : "v"(y.v), "r"(x.p[row / 8]), "i"(displacement(row, at)));
  return r;
}
template <int row, int at>
[[gnu::always_inline]] inline void add_product(Vec& sum, Vec y, const Pointers& x) {
  asm volatile("vfmadd231ps %c3(%2)%{1to16%}, %1, %0"
               : "+v"(sum.v)
               : "v"(y.v), "r"(x.p[row / 8]), "i"(displacement(row, at)));
}
[[gnu::always_inline]] inline void add_product(Vec& sum, Vec a, Vec b) {
  asm volatile("vfmadd231ps %2, %1, %0" : "+v"(sum.v) : "v"(a.v), "v"(b.v));
}
[[gnu::always_inline]] inline void subtract_product(Vec& sum, Vec a, Vec b) {
  asm volatile("vfnmadd231ps %2, %1, %0" : "+v"(sum.v) : "v"(a.v), "v"(b.v));
}

// One pair of k for three rows from `row` on and those behind them: the columns' y0 and y1 with the rows' x0, `at` bytes behind the pointers,
// and x1, 64 bytes further.
template <int rows, int row, bool negative, int at>
[[gnu::always_inline]] inline void add_inner(Vec* sums, Vec y0, Vec y1, const Pointers& x) {
  if constexpr (row < rows && !is_plain(row, rows)) {
    if constexpr (negative)
      subtract_product(sums[row], minus<row, at>(y1, x), minus<row, at + kHalf>(y0, x));
    else
      add_product(sums[row], plus<row, at>(y1, x), plus<row, at + kHalf>(y0, x));
  }
}
template <int rows, int row, int at>
[[gnu::always_inline]] inline void add_plain(Vec* sums, Vec y, const Pointers& x) {
  if constexpr (row < rows && is_plain(row, rows)) add_product<row, at>(sums[row], y, x);
}
template <int rows, int row, bool negative, int at>
[[gnu::always_inline]] inline void add_pair(Vec* sums, Vec y0, Vec y1, const Pointers& x) {
  add_plain<rows, row + 2, at>(sums, y0, x);
  add_inner<rows, row, negative, at>(sums, y0, y1, x);
  add_plain<rows, row + 1, at>(sums, y0, x);  // the last of 3 n + 2 rows
  add_plain<rows, row + 2, at + kHalf>(sums, y1, x);
  add_inner<rows, row + 1, negative, at>(sums, y0, y1, x);
  add_plain<rows, row + 1, at + kHalf>(sums, y1, x);
  if constexpr (row + 3 < rows) add_pair<rows, row + 3, negative, at>(sums, y0, y1, x);
}

template <int rows>
[[gnu::noinline]] void tile(const InnerCall& g) {
  Vec sums[rows], moved[rows];
  asm("" : "=m"(moved));  // not uninitialised, as far as the compiler knows, but not written either
  const float* panel = g.panel;
  const float* row_sums = g.sums;
  const char* ahead = g.prefetch ? g.prefetch : reinterpret_cast<const char*>(panel);
  const int64_t step = g.prefetch ? g.prefetch_step : 0;
  Pointers x(g.x);
  for (int64_t left = g.k; left > 0; left -= kInnerChunk) {
    const Vec column_sums = Vec::load(panel);
    panel += kInnerColumns;
#pragma GCC unroll 18
    for (int i = 0; i < rows; ++i)
      sums[i] = is_plain(i, rows) ? Vec::zero() : column_sums - Vec::broadcast(row_sums[i]);
    row_sums += g.sums_pitch;
    for (int64_t block = (left < kInnerChunk ? left : kInnerChunk); block > 0; block -= kInnerBlock) {
      for (int pairs = 8; pairs > 0; --pairs) {
        __builtin_prefetch(ahead, 0, 2);
        __builtin_prefetch(ahead + step, 0, 2);
        add_pair<rows, 0, false, 0>(sums, Vec::load(panel), Vec::load(panel + 16), x);
        __builtin_prefetch(ahead + 2 * step, 0, 2);
        ahead += 4 * step;
        __builtin_prefetch(ahead - step, 0, 2);
        add_pair<rows, 0, true, 4>(sums, Vec::load(panel + 32), Vec::load(panel + 48), x);
        panel += 64;
        x.advance(2);
      }
      x.advance(rows * kInnerBlock - 16);
    }
    if (left > kInnerChunk || left < g.k) {
      const bool first = left == g.k, last = left <= kInnerChunk;
#pragma GCC unroll 18
      for (int i = 0; i < rows; ++i) {
        if (!first) sums[i] = moved[i] + sums[i];
        if (!last) moved[i] = sums[i];
      }
    }
  }
  Vec results[rows][1];
#pragma GCC unroll 18
  for (int i = 0; i < rows; ++i) results[i][0] = sums[i];
  if (g.row_scale) {
    const Vec columns = Vec::load(g.column_scale);
#pragma GCC unroll 18
    for (int i = 0; i < rows; ++i) results[i][0] = results[i][0] * (Vec::broadcast(g.row_scale[i]) * columns);
  }
  if (g.accumulate) {
#pragma GCC unroll 18
    for (int i = 0; i < rows; ++i)
      results[i][0] = results[i][0] + Vec::load_first(g.c + i * g.c_pitch, static_cast<int>(g.columns));
  }
  finish<rows, 1>(g, results);
}

void plain_row(const InnerCall& g, int row, int rows) {
  Vec sums[1][1] = {{Vec::zero()}};
  const float* panel = g.panel;
  const float* x = g.x + row * kInnerBlock;
  for (int64_t left = g.k; left > 0; left -= kInnerChunk) {
    panel += kInnerColumns;
    for (int64_t block = left < kInnerChunk ? left : kInnerChunk; block > 0; block -= kInnerBlock) {
      for (int i = 0; i < 16; ++i, panel += 32) {
        sums[0][0] = Vec::fma(Vec::broadcast(x[i]), Vec::load(panel), sums[0][0]);
        sums[0][0] = Vec::fma(Vec::broadcast(x[i + 16]), Vec::load(panel + 16), sums[0][0]);
      }
      x += rows * kInnerBlock;
    }
  }
  sums[0][0] = sums[0][0] * (Vec::broadcast(g.row_scale[row]) * Vec::load(g.column_scale));
  InnerCall one = g;
  Epilogue epilogue;
  one.c += row * g.c_pitch;
  if (g.accumulate) sums[0][0] = sums[0][0] + Vec::load_first(one.c, static_cast<int>(g.columns));
  if (g.epilogue) {
    epilogue = *g.epilogue;
    if (epilogue.residual) epilogue.residual += row * epilogue.residual_pitch;
    one.epilogue = &epilogue;
  }
  finish<1, 1>(one, sums);
}
