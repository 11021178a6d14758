// Kernels for planes: AVX-512.
#include <immintrin.h>

#include <cstdint>

#include "cpu/isa/planes.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_avx512.h"
#include "cpu/isa/row_vectors.h"
#include "cpu/isa/planes_kernels.h"
// clang-format on

}  // namespace

extern const PlanesKernels planes_avx512 = {
#include "cpu/isa/planes_table.h"
};

}  // namespace sconce::isa
