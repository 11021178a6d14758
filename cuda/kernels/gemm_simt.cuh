// Matrix products on the ordinary arithmetic units, for any shape, strides and type: the anchor that other kernels are held to.
// One main loop; what the two operands are, and where results go, is said by small structs.
#pragma once
#include "device/element.h"
#include "device/layout.h"

namespace sconce::SCONCE_GPU {

// A block of 256 threads makes a tile of 64 x 64, each thread 4 x 4 of it: rows 4 tr.., columns tc, tc + 16, ...
inline constexpr int tile_m = 64, tile_n = 64, tile_k = 16, gemm_threads = 256;

template <class C>
struct GemmShared {
  C a[tile_k][tile_m + 4];
  C b[tile_k][tile_n + 4];
};

// acc = A[row0.., :] @ B[:, column0..]. a(m, k) and b(k, n) give elements within m < M, n < N, k < K.
// AlongK: do neighbouring elements of the operand lie along k?
template <class C, bool AAlongK, bool BAlongK, class A, class B>
__device__ void gemm_tile(const A& a, const B& b, int64_t row0, int64_t column0, int64_t M, int64_t N,
                          int64_t K, C (&acc)[4][4]) {
  auto& s = shared<GemmShared<C>>();
  const int tid = static_cast<int>(threadIdx.x), tr = tid / 16 * 4, tc = tid % 16;
  for (int64_t k0 = 0; k0 < K; k0 += tile_k) {
    SCONCE_UNROLL
    for (int j = 0; j < tile_m * tile_k / gemm_threads; ++j) {
      const int i = tid + j * gemm_threads;
      const int m = AAlongK ? i / tile_k : i % tile_m, k = AAlongK ? i % tile_k : i / tile_m;
      s.a[k][m] = row0 + m < M && k0 + k < K ? static_cast<C>(a(row0 + m, k0 + k)) : C(0);
    }
    SCONCE_UNROLL
    for (int j = 0; j < tile_n * tile_k / gemm_threads; ++j) {
      const int i = tid + j * gemm_threads;
      const int n = BAlongK ? i / tile_k : i % tile_n, k = BAlongK ? i % tile_k : i / tile_n;
      s.b[k][n] = column0 + n < N && k0 + k < K ? static_cast<C>(b(k0 + k, column0 + n)) : C(0);
    }
    __syncthreads();
    SCONCE_UNROLL
    for (int k = 0; k < tile_k; ++k) {
      C ra[4], rb[4];
      SCONCE_UNROLL
      for (int i = 0; i < 4; ++i) ra[i] = s.a[k][tr + i], rb[i] = s.b[k][tc + 16 * i];
      SCONCE_UNROLL
      for (int i = 0; i < 4; ++i) SCONCE_UNROLL
      for (int j = 0; j < 4; ++j) acc[i][j] += ra[i] * rb[j];
    }
    __syncthreads();
  }
}

// Calls f(row, column, sum) for each result of this thread that lies inside.
template <class C, class F>
__device__ void each_result(const C (&acc)[4][4], int64_t row0, int64_t column0, int64_t M, int64_t N, F f) {
  const int tid = static_cast<int>(threadIdx.x);
  SCONCE_UNROLL
  for (int i = 0; i < 4; ++i) SCONCE_UNROLL
  for (int j = 0; j < 4; ++j) {
    const int64_t m = row0 + tid / 16 * 4 + i, n = column0 + tid % 16 + 16 * j;
    if (m < M && n < N) f(m, n, acc[i][j]);
  }
}

// out[z] = alpha * (lhs[z] @ rhs[z]) + beta * bias[z]; strides in elements, of rows and columns. X reads elements (device/element.h).
template <class X>
struct GemmArgs {
  X lhs, rhs, bias;
  int64_t m, n, k, lhs_row, lhs_column, rhs_row, rhs_column, bias_row, bias_column;
  Layout<3> batch;  // of lhs, rhs and bias
  typename X::Compute alpha, beta;
  bool with_bias;
  DType dtype;
  void* out;  // [batch, m, n], dense
};

template <class X, bool AAlongK, bool BAlongK>
__global__ void __launch_bounds__(gemm_threads) gemm_simt(GemmArgs<X> g) {
  // Whole numbers wrap around, which only unsigned ones may.
  using C = std::conditional_t<std::is_integral_v<typename X::Compute>, uint64_t, typename X::Compute>;
  const int64_t column_tiles = (g.n + tile_n - 1) / tile_n;
  const int64_t row0 = static_cast<int64_t>(blockIdx.x) / column_tiles * tile_m;
  const int64_t column0 = static_cast<int64_t>(blockIdx.x) % column_tiles * tile_n;
  for (int64_t z = blockIdx.y; z < g.batch.numel; z += gridDim.y) {
    int64_t at[3];
    g.batch.offsets(z, at);
    C acc[4][4] = {};
    gemm_tile<C, AAlongK, BAlongK>(
        [&](int64_t m, int64_t k) { return g.lhs[at[0] + m * g.lhs_row + k * g.lhs_column]; },
        [&](int64_t k, int64_t n) { return g.rhs[at[1] + k * g.rhs_row + n * g.rhs_column]; }, row0, column0,
        g.m, g.n, g.k, acc);
    each_result(acc, row0, column0, g.m, g.n, [&](int64_t m, int64_t n, C sum) {
      sum *= static_cast<C>(g.alpha);
      if (g.with_bias)
        sum += static_cast<C>(g.beta) * static_cast<C>(g.bias[at[2] + m * g.bias_row + n * g.bias_column]);
      write(g.dtype, g.out, (z * g.m + m) * g.n + n, static_cast<typename X::Compute>(sum));
    });
  }
}

}  // namespace sconce::SCONCE_GPU
