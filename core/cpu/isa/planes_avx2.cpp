// Kernels for planes: AVX2 and FMA.
#include <immintrin.h>

#include <cstdint>

#include "cpu/isa/planes.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_avx2.h"
#include "cpu/isa/row_vectors.h"
#include "cpu/isa/planes_kernels.h"
// clang-format on

}  // namespace

extern const PlanesKernels planes_avx2 = {
#include "cpu/isa/planes_table.h"
};

}  // namespace sconce::isa
