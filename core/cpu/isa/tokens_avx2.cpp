// The tokens' kernels for AVX2 and FMA.
#include <immintrin.h>

#include <cstdint>

#include "cpu/isa/tokens.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_avx2.h"
#include "cpu/isa/math.h"
#include "cpu/isa/activate.h"
#include "cpu/isa/row_vectors.h"
#include "cpu/isa/transpose_avx2.h"

constexpr int kTileRows = 6, kTileVectors = 2, kGateRows = 3;
#include "cpu/isa/elementwise_kernels.h"
#include "cpu/isa/norm_kernels.h"
#include "cpu/isa/attention_kernels.h"
#include "cpu/isa/recurrent_kernels.h"
// clang-format on

}  // namespace

extern const TokensKernels tokens_avx2 = {
#include "cpu/isa/tokens_table.h"
};

}  // namespace sconce::isa
