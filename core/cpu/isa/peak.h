// How fast the machine multiplies and adds, to compare kernels with.
#pragma once
#include <cstdint>

namespace sconce::isa {

struct PeakKernels {
  double flops_each;  // floating-point operations of one round
  // So many rounds of independent multiply-adds in registers; the sum that comes out means nothing.
  float (*multiply_add)(int64_t rounds);
};

#if defined(SCONCE_HAS_SCALAR)
extern const PeakKernels peak_scalar;
#endif
#if defined(SCONCE_HAS_AVX2)
extern const PeakKernels peak_avx2;
#endif
#if defined(SCONCE_HAS_AVX512)
extern const PeakKernels peak_avx512;
#endif
#if defined(SCONCE_HAS_NEON)
extern const PeakKernels peak_neon;
#endif

}  // namespace sconce::isa
