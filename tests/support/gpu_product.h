// A product for the GPU's kernels themselves, beneath the ops, with what it should give.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "ops/gemm_mma.h"
#include "ops/gemv.h"
#include "support/seeded.h"

namespace sconce::test {

using gpu_sim::MmaArgs, gpu_sim::narrow, gpu_sim::widen;

template <class E>
std::vector<E> random_elements(const char* name, size_t count) {
  std::vector<E> out(count);
  const uint64_t hash = fnv1a(name);
  for (size_t i = 0; i < count; ++i) out[i] = narrow<E>(static_cast<float>(2 * seeded_uniform(hash, i) - 1));
  return out;
}

// A product whose operands lie in memory with `slack` elements behind each row and `before` in front of all, and its result among NaN.
template <class E>
struct Problem {
  int m, n, k, slack, batch;
  bool along_k;
  std::vector<E> a, b, bias, out;
  std::vector<double> expected;
  MmaArgs<E> g{};

  Problem(int rows, int columns, int inner, bool b_along_k, int behind = 0, int count = 1, int before = 0)
      : m(rows), n(columns), k(inner), slack(behind), batch(count), along_k(b_along_k) {
    const int a_pitch = k + slack, b_pitch = (along_k ? k : n) + slack, b_rows = along_k ? n : k;
    const auto z = static_cast<size_t>(batch);
    const auto front = static_cast<size_t>(before);
    a = random_elements<E>("a", front + z * static_cast<size_t>(m * a_pitch) + 1);
    b = random_elements<E>("b", front + z * static_cast<size_t>(b_rows * b_pitch) + 1);
    bias = random_elements<E>("bias", static_cast<size_t>(n));
    out.assign(z * static_cast<size_t>(m * n), narrow<E>(std::numeric_limits<float>::quiet_NaN()));
    g.lhs = a.data() + before, g.rhs = b.data() + before, g.out = out.data();
    g.m = m, g.n = n, g.k = k, g.lhs_pitch = a_pitch, g.rhs_pitch = b_pitch;
    g.lhs_wide = reinterpret_cast<uintptr_t>(g.lhs) % 16 == 0 && a_pitch * sizeof(E) % 16 == 0;
    g.rhs_wide = reinterpret_cast<uintptr_t>(g.rhs) % 16 == 0 && b_pitch * sizeof(E) % 16 == 0;
    g.batch.numel = batch;
    if (batch > 1)
      g.batch.rank = 1, g.batch.extent[0] = batch, g.batch.stride[0][0] = m * a_pitch,
      g.batch.stride[1][0] = b_rows * b_pitch;
    for (int p = 0; p < batch; ++p)
      for (int i = 0; i < m; ++i)
        for (int j = 0; j < n; ++j) {
          double sum = 0;
          for (int q = 0; q < k; ++q)
            sum += static_cast<double>(widen(g.lhs[(p * m + i) * a_pitch + q])) *
                   static_cast<double>(
                       widen(g.rhs[p * b_rows * b_pitch + (along_k ? j * b_pitch + q : q * b_pitch + j)]));
          expected.push_back(sum);
        }
  }
  void run(const MatmulChoice& choice, bool tf32 = false) {
    std::fill(out.begin(), out.end(), narrow<E>(std::numeric_limits<float>::quiet_NaN()));
    if (choice.kernel == MatmulKernel::gemv)
      gpu_sim::run_gemv(g, choice, along_k, 0);
    else
      gpu_sim::run_gemm_mma(g, choice, along_k, tf32, 0);
  }
  // The largest difference, in units of sqrt(k); NaN where one is.
  double error() const {
    double worst = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      const double off = std::fabs(static_cast<double>(widen(out[i])) - expected[i]);
      if (!(off <= worst)) worst = off;
    }
    return worst / std::sqrt(static_cast<double>(std::max(k, 1)));
  }
};

// What one rounding of the factors and of the result may cost.
inline double allowed(DType dtype, bool tf32) {
  if (dtype == DType::f32) return tf32 ? 1.5e-3 : 6e-7;
  return dtype == DType::f16 ? 1.5e-3 : 1.2e-2;
}

}  // namespace sconce::test
