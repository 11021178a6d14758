// Whether the machine adds beside its multiply-adds.
#include "cpu/add_pipes.h"

#include <algorithm>
#include <chrono>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sconce {
namespace {

struct Cpu {
  std::string vendor;
  int family = 0;
};

Cpu this_cpu() {
  Cpu cpu;
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0, &a, &b, &c, &d))
    for (unsigned word : {b, d, c})
      for (int i = 0; i < 4; ++i) cpu.vendor += static_cast<char>(word >> (8 * i) & 0xff);
  if (__get_cpuid(1, &a, &b, &c, &d)) {
    const int base = static_cast<int>(a >> 8 & 0xf), extended = static_cast<int>(a >> 20 & 0xff);
    cpu.family = base == 0xf ? base + extended : base;
  }
#endif
  return cpu;
}

double seconds(float (*kernel)(int64_t)) {
  constexpr int64_t rounds = 2000;
  double best = 1e9;
  volatile float sink = 0;
  for (int i = 0; i < 20; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    sink = kernel(rounds);
    (void)sink;
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // namespace

std::optional<bool> known_add_pipes(std::string_view vendor, int family) {
  if (vendor == "AuthenticAMD") return family >= 0x19;
  if (vendor == "GenuineIntel") return false;
  return std::nullopt;
}

bool has_add_pipes(const isa::Kernels& kernels) {
  const Cpu cpu = this_cpu();
  if (const std::optional<bool> known = known_add_pipes(cpu.vendor, cpu.family)) return *known;
  // As many operations, half of which are additions: half the time where those have units of their own.
  return seconds(kernels.inner->half_additions) < 0.75 * seconds(kernels.gemm->multiply_adds);
}

}  // namespace sconce
