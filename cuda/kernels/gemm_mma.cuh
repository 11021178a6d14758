// Matrix products on tensor cores, for operands with 2^31 rows, columns and inner extents at most. The left one lies along k.
#pragma once
#include "device/layout.h"
#include "kernels/epilogue.cuh"
#include "kernels/mma_loop.cuh"

namespace sconce::SCONCE_GPU {

// out[z] = epilogue(lhs[z] @ rhs[z]). Where k is divided among blocks, each writes its sums to partial[block][z], and merge_partials
// adds them in order.
template <class E>
struct MmaArgs {
  const E *lhs, *rhs;
  int m, n, k, k_each;           // k_each: of one block, a multiple of the stage's
  int64_t lhs_pitch, rhs_pitch;  // of lhs's rows; of rhs's columns where they lie along k, else of its rows
  bool lhs_wide, rhs_wide;       // every row and column begins on 16 bytes
  Layout<3> batch;               // of lhs, rhs and bias
  Epilogue<E> epilogue;
  E* out;          // [batch, m, n], dense
  float* partial;  // null: k is not divided
};

// The same sum by ordinary multiply-adds: where parts of f32 that are infinite or not a number would give something else.
template <class E>
__device__ SCONCE_OUT_OF_LINE float plain_sum(const E* a, const E* b, int64_t b_step, int count) {
  float sum = 0;
  for (int k = 0; k < count; ++k) sum += widen(a[k]) * widen(b[k * b_step]);
  return sum;
}

template <class T, bool BAlongK, Planted P = Planted::nothing>
__global__ void __launch_bounds__(T::threads, 1) gemm_mma(MmaArgs<typename T::Element> g) {
  using E = typename T::Element;
  const int row_tiles = (g.m + T::m - 1) / T::m, column_tiles = (g.n + T::n - 1) / T::n;
  const TileAt tile = tile_at(blockIdx.x, row_tiles, column_tiles);
  const int row0 = tile.row * T::m, column0 = tile.column * T::n;
  const int k_begin = static_cast<int>(blockIdx.z) * g.k_each;
  const int k_end = g.k - k_begin < g.k_each ? g.k : k_begin + g.k_each;
  for (int64_t z = blockIdx.y; z < g.batch.numel; z += gridDim.y) {
    int64_t at[3];
    g.batch.offsets(z, at);
    const E* const a = g.lhs + at[0] + row0 * g.lhs_pitch;
    const E* const b = g.rhs + at[1] + column0 * (BAlongK ? g.rhs_pitch : 1);
    float sums[T::mi][T::ni][4] = {};
    const FetchRows<T, T::m> fetch_a{a, g.lhs_pitch, g.m - row0, g.lhs_wide};
    if constexpr (BAlongK)
      mma_loop<T, true, P>(fetch_a, FetchRows<T, T::n>{b, g.rhs_pitch, g.n - column0, g.rhs_wide}, k_begin,
                           k_end, sums);
    else
      mma_loop<T, false, P>(fetch_a, FetchAcross<T, T::n>{b, g.rhs_pitch, g.n - column0, g.rhs_wide}, k_begin,
                            k_end, sums);
    const auto put = [&](int r, int c, float sum) {
      if (row0 + r >= g.m || column0 + c >= g.n) return;
      if constexpr (T::split)
        if (!is_finite(sum))
          sum = plain_sum(a + r * g.lhs_pitch + k_begin,
                          b + (BAlongK ? c * g.rhs_pitch + k_begin : k_begin * g.rhs_pitch + c),
                          BAlongK ? 1 : g.rhs_pitch, k_end - k_begin);
      const int64_t row = row0 + r, column = column0 + c, i = (z * g.m + row) * g.n + column;
      if (g.partial)
        g.partial[static_cast<int64_t>(blockIdx.z) * g.batch.numel * g.m * g.n + i] = sum;
      else
        g.out[i] = narrow<E>(g.epilogue(sum, at[2], row, column));
    };
    each_pair<T>(sums, [&](int r, int c, float v, float w) { put(r, c, v), put(r, c + 1, w); });
  }
}

// Adds `count` partial results of [batch, m, n], always in the same order.
template <class E>
__global__ void __launch_bounds__(256) merge_partials(MmaArgs<E> g, int count) {
  const int64_t total = g.batch.numel * g.m * g.n;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    float sum = g.partial[i];
    for (int s = 1; s < count; ++s) sum += g.partial[s * total + i];
    const int64_t z = i / g.n / g.m;
    int64_t at[3];
    g.batch.offsets(z, at);
    g.out[i] = narrow<E>(g.epilogue(sum, at[2], i / g.n - z * g.m, i % g.n));
  }
}

}  // namespace sconce::SCONCE_GPU
