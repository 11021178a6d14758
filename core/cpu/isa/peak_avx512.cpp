// The peak loop for AVX-512.
#include <immintrin.h>

#include "cpu/isa/peak.h"

namespace sconce::isa {
namespace {

#include "cpu/isa/vec_avx512.h"
// The order matters.
#include "cpu/isa/peak_kernels.h"

}  // namespace

extern const PeakKernels peak_avx512 = {kFlopsEach, multiply_add};

}  // namespace sconce::isa
