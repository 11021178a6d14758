#include "cpu/plan/machine.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>

#include "cpu/isa/peak.h"
#include "cpu/isa_choice.h"
#include "cpu/plan/arena.h"

namespace sconce::plan {
namespace {

const isa::PeakKernels& peak_kernels() {
  const std::string_view name = best_kernels().name;
#if defined(SCONCE_HAS_AVX512)
  if (name.starts_with("avx512")) return isa::peak_avx512;
#endif
#if defined(SCONCE_HAS_AVX2)
  if (name == "avx2") return isa::peak_avx2;
#endif
#if defined(SCONCE_HAS_NEON)
  if (name == "neon") return isa::peak_neon;
#endif
  (void)name;
  return isa::peak_scalar;
}

template <class F>
double seconds(F f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Machine measure_machine() {
  const isa::PeakKernels& peak = peak_kernels();
  constexpr int64_t rounds = 20000;
  volatile float sink = 0;
  double best = 1e9;
  for (int i = 0; i < 20; ++i) best = std::min(best, seconds([&] { sink = peak.multiply_add(rounds); }));
  Machine machine;
  machine.gflops = peak.flops_each * static_cast<double>(rounds) / best * 1e-9;
  constexpr size_t bytes = size_t{16} << 20;
  const Arena from(bytes), to(bytes);
  best = 1e9;
  for (int i = 0; i < 3; ++i)
    best = std::min(best, seconds([&] { std::memcpy(to.data(), from.data(), bytes); }));
  machine.gigabytes = 2.0 * static_cast<double>(bytes) / best * 1e-9;
  return machine;
}

}  // namespace sconce::plan
