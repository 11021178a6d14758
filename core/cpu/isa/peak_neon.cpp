// The peak loop for NEON.
#include <arm_neon.h>

#include "cpu/isa/peak.h"

namespace sconce::isa {
namespace {

#include "cpu/isa/vec_neon.h"
// The order matters.
#include "cpu/isa/peak_kernels.h"

}  // namespace

extern const PeakKernels peak_neon = {kFlopsEach, multiply_add};

}  // namespace sconce::isa
