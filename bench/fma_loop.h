// What this machine's multiply-adds can do: independent chains in registers, nothing else.
#pragma once
#include <cstdint>
#include <string_view>

#include "measure.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {

inline volatile float sink, factor = 0.999f,
                            addend = 0.001f;  // volatile, so that no compiler knows the result

#if defined(__x86_64__)
// Twelve chains of different numbers: enough to hide a latency of 5 on two pipes, few enough for 16 registers.
__attribute__((target("avx2,fma"), noinline)) inline void fma_avx2(int64_t times) {
  __m256 c[12];
  const __m256 a = _mm256_set1_ps(factor), b = _mm256_set1_ps(addend);
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) c[i] = _mm256_set1_ps(static_cast<float>(i) * addend);
  for (int64_t t = 0; t < times; ++t) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) c[i] = _mm256_fmadd_ps(c[i], a, b);
  }
#pragma GCC unroll 12
  for (int i = 1; i < 12; ++i) c[0] = _mm256_add_ps(c[0], c[i]);
  sink = _mm256_cvtss_f32(c[0]);
}
__attribute__((target("avx512f"), noinline)) inline void fma_avx512(int64_t times) {
  __m512 c[12];
  const __m512 a = _mm512_set1_ps(factor), b = _mm512_set1_ps(addend);
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) c[i] = _mm512_set1_ps(static_cast<float>(i) * addend);
  for (int64_t t = 0; t < times; ++t) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) c[i] = _mm512_fmadd_ps(c[i], a, b);
  }
#pragma GCC unroll 12
  for (int i = 1; i < 12; ++i) c[0] = _mm512_add_ps(c[0], c[i]);
  sink = _mm512_cvtss_f32(c[0]);
}
#endif

// Of the baseline: vectors of four, multiplied and added, in one instruction where the baseline has it.
inline void fma_plain(int64_t times) {
  using Four = float __attribute__((vector_size(16)));
  const float f = factor, g = addend;
  const Four a = {f, f, f, f}, b = {g, g, g, g};
  Four c[12];
#pragma GCC unroll 12
  for (int i = 0; i < 12; ++i) c[i] = b * static_cast<float>(i);
  for (int64_t t = 0; t < times; ++t) {
#pragma GCC unroll 12
    for (int i = 0; i < 12; ++i) c[i] = c[i] * a + b;
  }
#pragma GCC unroll 12
  for (int i = 1; i < 12; ++i) c[0] += c[i];
  sink = c[0][0];
}

// The rate in GFLOP/s that the multiply-adds of an instruction set reach on this thread, measured for some seconds.
inline double fma_gflops(std::string_view isa, double seconds) {
  constexpr int64_t times = 100000;
#if defined(__x86_64__)
  if (isa == "avx2") return times * 12 * 8 * 2 / least_cpu_ms([] { fma_avx2(times); }, seconds) / 1e6;
  if (isa == "avx512") return times * 12 * 16 * 2 / least_cpu_ms([] { fma_avx512(times); }, seconds) / 1e6;
#endif
  static_cast<void>(isa);
  return times * 12 * 4 * 2 / least_cpu_ms([] { fma_plain(times); }, seconds) / 1e6;
}

}  // namespace bench
