// The tokens' kernels for NEON.
#include <arm_neon.h>

#include <cstdint>

#include "cpu/isa/tokens.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_neon.h"
#include "cpu/isa/math.h"
#include "cpu/isa/activate.h"
#include "cpu/isa/row_vectors.h"
#include "cpu/isa/transpose_neon.h"

constexpr int kTileRows = 6, kTileVectors = 4, kGateRows = 5;
#include "cpu/isa/elementwise_kernels.h"
#include "cpu/isa/norm_kernels.h"
#include "cpu/isa/attention_kernels.h"
#include "cpu/isa/recurrent_kernels.h"
// clang-format on

}  // namespace

extern const TokensKernels tokens_neon = {
#include "cpu/isa/tokens_table.h"
};

}  // namespace sconce::isa
