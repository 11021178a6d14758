// Which instruction set's kernels run on this machine.
#pragma once
#include <string_view>
#include <vector>

#include "cpu/isa/kernels.h"

namespace sconce {

// The best kernels that this machine can run ("avx512+inner": products by inner products, where that is faster), or those that the environment variable SCONCE_ISA names. Chosen once.
// Throws Error (invalid_argument) if SCONCE_ISA names an instruction set that this build or machine does not have.
const isa::Kernels& best_kernels();

// Those of one instruction set; null if this build or machine does not have it.
const isa::Kernels* kernels_for(std::string_view name);

// All that this build has and this machine can run, the best first. "scalar" is always among them.
const std::vector<isa::Kernels>& all_kernels();

}  // namespace sconce
