// Tiles of matrix products, for any vector. Included by gemm_<isa>.cpp alone, inside their unnamed namespace, after vec_<isa>.h, math.h, activate.h,
// gemm_finish.h.

// So many products are summed in registers before the sum moves on to memory: short sums keep rounding errors small.
constexpr int64_t kShortSum = 512;

template <int R, int V, int S>
using Sums = Vec[S][R][V];

// Pins a sum to a register: without this GCC moves sums to the stack and back inside the loop.
template <class Register>
inline void pin([[maybe_unused]] Register& x) {
#if defined(__AVX512F__)
  asm("" : "+v"(x));
#elif defined(__x86_64__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#endif
}
template <class T, int size>
inline void pin(T (&)[size]) {}  // the scalar vector's
inline void hold(Vec& x) { pin(x.v); }

// How weights of a panel are read.
struct WideWeights {
  using Type = float;
  static Vec load(const float* p) { return Vec::load(p); }
};

// n steps of k. S sets of sums take turns where one would leave the multipliers waiting for each other.
template <class Weights, int R, int V, int S>
[[gnu::always_inline]] inline void steps(const float* const* rows, int64_t offset, int64_t n,
                                         const typename Weights::Type*& panel, Sums<R, V, S>& sums,
                                         const char*& ahead, int64_t ahead_step) {
  constexpr int width = V * Vec::size, lines = width > 16 ? width / 16 : 1;
  const float* a[R];
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) a[i] = rows[i] + offset;
  const typename Weights::Type* b = panel;
  const char* next = ahead;
  auto step = [&](int64_t k, int set) __attribute__((always_inline)) {
    Vec y[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) y[v] = Weights::load(b + v * Vec::size);
    b += width;
#pragma GCC unroll 4
    for (int l = 0; l < lines; ++l) {
      __builtin_prefetch(next, 0, 2);
      next += ahead_step;
    }
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
      const Vec x = Vec::broadcast(a[i][k]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[set][i][v] = Vec::fma(x, y[v], sums[set][i][v]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) hold(sums[set][i][v]);
  };
  int64_t k = 0;
  for (; k + S <= n; k += S) {
#pragma GCC unroll 4
    for (int u = 0; u < S; ++u) step(k + u, u);
  }
  for (; k < n; ++k) step(k, 0);
  panel = b;
  ahead = next;
}

// Adds the sets of sums up and leaves the result in the first.
template <int R, int V, int S>
[[gnu::always_inline]] inline void gather_sets(Sums<R, V, S>& sums) {
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      if constexpr (S >= 2) sums[0][i][v] = sums[0][i][v] + sums[1][i][v];
      if constexpr (S == 4) sums[0][i][v] = sums[0][i][v] + (sums[2][i][v] + sums[3][i][v]);
    }
}

template <int R, int V, int S>
[[gnu::always_inline]] inline void clear(Sums<R, V, S>& sums) {
#pragma GCC unroll 4
  for (int s = 0; s < S; ++s)
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[s][i][v] = Vec::zero();
}

template <int R, int V, int S>
void tile(const GemmCall& g) {
  constexpr int last = V - 1;
  Sums<R, V, S> sums;
  Vec moved[R][V];  // what has left the registers, in long sums
  const bool is_long = g.accumulate || g.taps * g.k > kShortSum;
  asm("" : "=m"(moved));  // not uninitialised, as far as the compiler knows, but not written either
  if (is_long) {
    for (int i = 0; i < R; ++i)
      for (int v = 0; v < V; ++v) moved[i][v] = Vec::zero();
  }
  if (g.accumulate) {
    const int rest = static_cast<int>(g.columns) - last * Vec::size;
    for (int i = 0; i < R; ++i) {
      for (int v = 0; v < last; ++v) moved[i][v] = Vec::load(g.c + i * g.c_pitch + v * Vec::size);
      moved[i][last] = Vec::load_first(g.c + i * g.c_pitch + last * Vec::size, rest);
    }
  }
  clear<R, V, S>(sums);
  const auto* panel = static_cast<const float*>(g.panel);
  const char* ahead = g.prefetch ? g.prefetch : reinterpret_cast<const char*>(panel);
  const int64_t ahead_step = g.prefetch ? g.prefetch_step : 0;
  const float* const* rows = g.rows;
  int64_t summed = 0;
  for (int64_t t = 0; t < g.taps; ++t, rows += g.rows_pitch) {
    for (int64_t k = 0; k < g.k;) {
      if (is_long && summed >= kShortSum) {
        gather_sets<R, V, S>(sums);
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) moved[i][v] = moved[i][v] + sums[0][i][v];
        summed = 0;
        clear<R, V, S>(sums);
      }
      const int64_t n = g.k - k < kShortSum ? g.k - k : kShortSum;
      steps<WideWeights, R, V, S>(rows, g.offset + k, n, panel, sums, ahead, ahead_step);
      k += n;
      summed += n;
    }
  }
  gather_sets<R, V, S>(sums);
  if (is_long) {
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[0][i][v] = moved[i][v] + sums[0][i][v];
  }
  finish<R, V>(g, sums[0]);
}

constexpr int64_t kStreamAhead = 2048;

// The sums of few rows and a panel of narrow weights.
template <class Weights, int R, int V, int S>
void narrow_tile(const GemmCall& g) {
  Vec moved[R][V];  // what has left the registers, in long sums
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) moved[i][v] = Vec::zero();
  const auto* panel = static_cast<const typename Weights::Type*>(g.panel);
  // Weights stream by; what the next steps read is fetched early, across pages, where the machine does not do so itself.
  const char* ahead = reinterpret_cast<const char*>(panel) + kStreamAhead;
  constexpr int64_t ahead_step = V * Vec::size * static_cast<int64_t>(sizeof(typename Weights::Type));
  const float* const* rows = g.rows;
  for (int64_t t = 0; t < g.taps; ++t, rows += g.rows_pitch)
    for (int64_t k = 0; k < g.k; k += kShortSum) {
      Sums<R, V, S> sums;
      clear<R, V, S>(sums);
      steps<Weights, R, V, S>(rows, g.offset + k, g.k - k < kShortSum ? g.k - k : kShortSum, panel, sums,
                              ahead, ahead_step);
      gather_sets<R, V, S>(sums);
#pragma GCC unroll 4
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) moved[i][v] = moved[i][v] + sums[0][i][v];
    }
  if constexpr (Weights::scaled) {
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      const Vec scale = Vec::load(g.scale + v * Vec::size);
#pragma GCC unroll 4
      for (int i = 0; i < R; ++i) moved[i][v] = moved[i][v] * scale;
    }
  }
  finish<R, V>(g, moved);
}

template <class Weights>
void widen(const void* from, const float* scale, int64_t count, int64_t width, float* to) {
  const auto* x = static_cast<const typename Weights::Type*>(from);
  for (int64_t i = 0; i < count; ++i, x += width, to += width)
    for (int64_t n = 0; n < width; n += Vec::size) {
      Vec y = Weights::load(x + n);
      if constexpr (Weights::scaled) y = y * Vec::load(scale + n);
      y.store(to + n);
    }
}

// The tile of R rows and V vectors on a machine that keeps `registers` sums.
template <int R, int V, int registers>
constexpr GemmTile tile_for() {
  constexpr int S = R * V * 4 <= registers ? 4 : R * V * 2 <= registers ? 2 : 1;
  return &tile<R, V, S>;
}

// The kernels of narrow weights for panels of up to V vectors.
template <class Weights, int R, int V, int registers>
constexpr void add_narrow(NarrowKernels& kernels) {
  constexpr int S = R * V * 4 <= registers ? 4 : R * V * 2 <= registers ? 2 : 1;
  kernels.tile[V][R] = &narrow_tile<Weights, R, V, S>;
  if constexpr (R > 1)
    add_narrow<Weights, R - 1, V, registers>(kernels);
  else if constexpr (V > 1)
    add_narrow<Weights, kNarrowRows, V - 1, registers>(kernels);
}
template <class Weights, int V, int registers>
constexpr NarrowKernels narrow_for() {
  NarrowKernels kernels{};
  add_narrow<Weights, kNarrowRows, V, registers>(kernels);
  kernels.widen = &widen<Weights>;
  return kernels;
}

template <int registers>
float multiply_adds(int64_t rounds) {
  Vec sums[registers];
#pragma GCC unroll 24
  for (int i = 0; i < registers; ++i) sums[i] = Vec::broadcast(0.5f);
  const Vec a = Vec::broadcast(0.999f), b = Vec::broadcast(1e-6f);
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 24
    for (int i = 0; i < registers; ++i) {
      sums[i] = Vec::fma(sums[i], a, b);
      hold(sums[i]);
    }
  }
#pragma GCC unroll 24
  for (int i = 1; i < registers; ++i) sums[0] = sums[0] + sums[i];
  return sums[0].sum();
}
