// Numbers too small for the format's full precision count as zero while a plan runs: they cost a hundred times more than others.
#pragma once
#include <cstdint>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace sconce::plan {

// For the calling thread, until it goes out of scope.
class FlushDenormals {
 public:
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
#if defined(__SSE2__)
  FlushDenormals() : saved_(_mm_getcsr()) {
    if ((saved_ & bits) != bits) _mm_setcsr(saved_ | bits);
  }
  ~FlushDenormals() {
    if ((saved_ & bits) != bits) _mm_setcsr(saved_);
  }

 private:
  static constexpr unsigned bits = 0x8040;  // flush to zero, denormals are zero
  unsigned saved_;
#elif defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" ::"r"(saved_ | (uint64_t{1} << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }

 private:
  uint64_t saved_;
#else
  FlushDenormals() {}
  ~FlushDenormals() {}
#endif
};

}  // namespace sconce::plan
