// What this machine's multiply-adds can do: independent chains in registers, nothing else.
#pragma once
#include <cstdint>
#include <string_view>

#include "measure.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {

inline volatile float sink;

#if defined(__x86_64__)
// Twelve chains of 8 floats: enough to hide a latency of 5 on two pipes.
__attribute__((target("avx2,fma"))) inline void fma_avx2(int64_t times) {
  __m256 c[12];
  for (auto& one : c) one = _mm256_set1_ps(1.f);
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (int64_t i = 0; i < times; ++i)
    for (auto& one : c) one = _mm256_fmadd_ps(one, a, b);
  for (int i = 1; i < 12; ++i) c[0] = _mm256_add_ps(c[0], c[i]);
  sink = _mm256_cvtss_f32(c[0]);
}
__attribute__((target("avx512f"))) inline void fma_avx512(int64_t times) {
  __m512 c[12];
  for (auto& one : c) one = _mm512_set1_ps(1.f);
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (int64_t i = 0; i < times; ++i)
    for (auto& one : c) one = _mm512_fmadd_ps(one, a, b);
  for (int i = 1; i < 12; ++i) c[0] = _mm512_add_ps(c[0], c[i]);
  sink = _mm512_cvtss_f32(c[0]);
}
#endif

// Of the baseline: what the compiler makes of sixteen chains of 4 floats.
inline void fma_plain(int64_t times) {
  float c[64];
  for (auto& one : c) one = 1.f;
  for (int64_t i = 0; i < times; ++i)
    for (auto& one : c) one = one * 0.999f + 0.001f;
  float sum = 0;
  for (const float one : c) sum += one;
  sink = sum;
}

// The rate in GFLOP/s that the multiply-adds of an instruction set reach on this thread, measured for some seconds.
inline double fma_gflops(std::string_view isa, double seconds) {
  constexpr int64_t times = 100000;
#if defined(__x86_64__)
  if (isa == "avx2") return times * 12 * 8 * 2 / least_cpu_ms([] { fma_avx2(times); }, seconds) / 1e6;
  if (isa == "avx512") return times * 12 * 16 * 2 / least_cpu_ms([] { fma_avx512(times); }, seconds) / 1e6;
#endif
  static_cast<void>(isa);
  return times * 64 * 2 / least_cpu_ms([] { fma_plain(times); }, seconds) / 1e6;
}

}  // namespace bench
