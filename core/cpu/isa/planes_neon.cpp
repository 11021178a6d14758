// Kernels for planes: NEON.
#include <arm_neon.h>

#include <cstdint>

#include "cpu/isa/planes.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_neon.h"
#include "cpu/isa/row_vectors.h"
#include "cpu/isa/planes_kernels.h"
// clang-format on

}  // namespace

extern const PlanesKernels planes_neon = {
#include "cpu/isa/planes_table.h"
};

}  // namespace sconce::isa
