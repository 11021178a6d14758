// The peak loop in plain C++.

#include "cpu/isa/peak.h"

namespace sconce::isa {
namespace {

#include "cpu/isa/vec_scalar.h"
// The order matters.
#include "cpu/isa/peak_kernels.h"

}  // namespace

extern const PeakKernels peak_scalar = {kFlopsEach, multiply_add};

}  // namespace sconce::isa
