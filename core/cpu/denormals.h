// Denormal numbers, which are slow on many machines and never matter to a network.
#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sconce {

// While one lives, floating-point instructions of this thread take and give 0 for denormal numbers (x86: FTZ and DAZ; aarch64: FZ).
// Elsewhere it does nothing.
class DenormalsAreZero {
 public:
  DenormalsAreZero() : before_(read()) { write(before_ | flags); }
  ~DenormalsAreZero() { write(before_); }
  DenormalsAreZero(const DenormalsAreZero&) = delete;
  DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr uint64_t flags = 0x8040;
  static uint64_t read() { return _mm_getcsr(); }
  static void write(uint64_t control) { _mm_setcsr(static_cast<unsigned>(control)); }
#elif defined(__aarch64__)
  static constexpr uint64_t flags = uint64_t{1} << 24;
  static uint64_t read() {
    uint64_t control;
    asm volatile("mrs %0, fpcr" : "=r"(control));
    return control;
  }
  static void write(uint64_t control) { asm volatile("msr fpcr, %0" : : "r"(control)); }
#else
  static constexpr uint64_t flags = 0;
  static uint64_t read() { return 0; }
  static void write(uint64_t) {}
#endif
  uint64_t before_;
};

}  // namespace sconce
