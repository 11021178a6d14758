// Products of a matrix with 1..8 vectors, as in the decoding of texts: the time is that of reading the matrix once. Ordinary
// multiply-adds in f32, in an order that the shape alone decides.
#pragma once
#include "device/team.h"
#include "kernels/gemm_mma.cuh"

namespace sconce::SCONCE_GPU {

inline constexpr int most_vectors = 8;

// The first of `left` elements that are `step` apart, as many as 16 bytes hold; zeros behind them.
template <class E>
__device__ __forceinline__ Pack<E> load_pack(const E* from, int64_t step, int64_t left, bool wide) {
  if (wide && left >= Pack<E>::count) return *reinterpret_cast<const Pack<E>*>(from);
  Pack<E> p;
  SCONCE_UNROLL
  for (int e = 0; e < Pack<E>::count; ++e) p.v[e] = e < left ? from[e * step] : E{};
  return p;
}

template <class E>
__device__ __forceinline__ void put_sum(const MmaArgs<E>& g, int64_t z, int64_t shift, int64_t row,
                                        int64_t column, float sum) {
  const int64_t i = (z * g.m + row) * g.n + column;
  if (g.partial)
    g.partial[static_cast<int64_t>(blockIdx.z) * g.batch.numel * g.m * g.n + i] = sum;
  else
    g.out[i] = narrow<E>(g.epilogue(sum, shift, row, column));
}

// The matrix lies along k: it is the left operand where the right one has fewer columns than that has rows, else the right one's
// columns. A team for each of its lines, Count vectors or fewer. along_k: of the right operand.
template <class Team, class E, int Count>
__global__ void __launch_bounds__(256) gemv_along(MmaArgs<E> g, bool along_k) {
  constexpr int piece = Pack<E>::count;
  const Team team;
  const bool by_columns = g.n < g.m;  // the vectors are columns of the right operand
  const int lines = by_columns ? g.m : g.n, count = by_columns ? g.n : g.m;
  const int64_t line = first_of<Team>();
  if (line >= lines) return;
  const int64_t line_pitch = by_columns ? g.lhs_pitch : g.rhs_pitch;
  const int64_t pitch = !by_columns ? g.lhs_pitch : along_k ? g.rhs_pitch : 1;
  const int64_t step = by_columns && !along_k ? g.rhs_pitch : 1;
  const bool line_wide = by_columns ? g.lhs_wide : g.rhs_wide,
             wide = by_columns ? g.rhs_wide && along_k : g.lhs_wide;
  for (int64_t z = blockIdx.y; z < g.batch.numel; z += gridDim.y) {
    int64_t at[3];
    g.batch.offsets(z, at);
    const E* const lhs = g.lhs + at[0];
    const E* const rhs = g.rhs + at[1];
    const E* const matrix = (by_columns ? lhs : rhs) + line * line_pitch;
    const E* const vectors = by_columns ? rhs : lhs;
    float sums[Count] = {};
    SCONCE_UNROLL_BY((Count > 2 ? 1 : 4))  // loads under way, as registers allow
    for (int k = team.rank() * piece; k < g.k; k += team.size() * piece) {
      const Pack<E> w = load_pack(matrix + k, 1, g.k - k, line_wide);
      SCONCE_UNROLL
      for (int v = 0; v < Count; ++v) {
        if (v < count) {
          const Pack<E> x = load_pack(vectors + v * pitch + k * step, step, g.k - k, wide);
          SCONCE_UNROLL
          for (int e = 0; e < piece; ++e) sums[v] += widen(w.v[e]) * widen(x.v[e]);
        }
      }
    }
    SCONCE_UNROLL
    for (int v = 0; v < Count; ++v) {
      if (v < count) {
        const float sum = team.reduce(sums[v], [](float a, float b) { return a + b; });
        if (team.rank() == 0) put_sum(g, z, at[2], by_columns ? line : v, by_columns ? v : line, sum);
      }
    }
  }
}

// The right operand lies across k, and the left one has Count rows or fewer. A block of 256 threads takes 8 packs of columns; 32
// threads share a pack, each with every 32nd k.
inline constexpr int gemv_packs = 8, gemv_warps = 8;
template <class E, int Count>
struct GemvShared {
  float parts[gemv_warps][Count][gemv_packs * Pack<E>::count];
};
template <class E, int Count, bool Barrier = true>
__global__ void __launch_bounds__(gemv_warps * 32) gemv_across(MmaArgs<E> g) {
  constexpr int piece = Pack<E>::count, wide = gemv_packs * piece, rows = gemv_warps * 32 / gemv_packs;
  auto& s = shared<GemvShared<E, Count>>();
  const int tid = static_cast<int>(threadIdx.x), pack = tid % gemv_packs, row = tid / gemv_packs;
  const int64_t column0 = static_cast<int64_t>(blockIdx.x) * wide, column = column0 + pack * piece;
  const int k_begin = static_cast<int>(blockIdx.z) * g.k_each;
  const int k_end = g.k - k_begin < g.k_each ? g.k : k_begin + g.k_each;
  for (int64_t z = blockIdx.y; z < g.batch.numel; z += gridDim.y) {
    int64_t at[3];
    g.batch.offsets(z, at);
    const E* const lhs = g.lhs + at[0];
    const E* const rhs = g.rhs + at[1];
    float sums[Count][piece] = {};
    SCONCE_UNROLL_BY((Count > 2 ? 1 : 4))
    for (int k = k_begin + row; column < g.n && k < k_end; k += rows) {
      const Pack<E> w = load_pack(rhs + k * g.rhs_pitch + column, 1, g.n - column, g.rhs_wide);
      SCONCE_UNROLL
      for (int v = 0; v < Count; ++v) {
        const float x = v < g.m ? widen(lhs[v * g.lhs_pitch + k]) : 0.0F;
        SCONCE_UNROLL
        for (int e = 0; e < piece; ++e) sums[v][e] += x * widen(w.v[e]);
      }
    }
    if (Barrier) __syncthreads();  // an earlier product's parts may still be read
    SCONCE_UNROLL
    for (int v = 0; v < Count; ++v) SCONCE_UNROLL
    for (int e = 0; e < piece; ++e) {
      float sum = sums[v][e];
      SCONCE_UNROLL
      for (int bits = gemv_packs; bits < 32; bits <<= 1) sum += across(sum, bits);
      if (tid % 32 < gemv_packs) s.parts[tid / 32][v][pack * piece + e] = sum;
    }
    __syncthreads();
    for (int i = tid; i < Count * wide; i += gemv_warps * 32) {
      const int v = i / wide, c = i % wide;
      if (v >= g.m || column0 + c >= g.n) continue;
      float sum = s.parts[0][v][c];
      SCONCE_UNROLL
      for (int w = 1; w < gemv_warps; ++w) sum += s.parts[w][v][c];
      put_sum(g, z, at[2], v, column0 + c, sum);
    }
  }
}

}  // namespace sconce::SCONCE_GPU
