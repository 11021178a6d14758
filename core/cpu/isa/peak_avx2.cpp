// The peak loop for AVX2 and FMA.
#include <immintrin.h>

#include "cpu/isa/peak.h"

namespace sconce::isa {
namespace {

#include "cpu/isa/vec_avx2.h"
// The order matters.
#include "cpu/isa/peak_kernels.h"

}  // namespace

extern const PeakKernels peak_avx2 = {kFlopsEach, multiply_add};

}  // namespace sconce::isa
