// The tokens' kernels for any machine.
#include <cstdint>

#include "cpu/isa/tokens.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_scalar.h"
#include "cpu/isa/math.h"
#include "cpu/isa/activate.h"
#include "cpu/isa/row_vectors.h"
#include "cpu/isa/transpose_scalar.h"

constexpr int kTileRows = 4, kTileVectors = 2, kGateRows = 2;
#include "cpu/isa/elementwise_kernels.h"
#include "cpu/isa/norm_kernels.h"
#include "cpu/isa/attention_kernels.h"
#include "cpu/isa/recurrent_kernels.h"
// clang-format on

}  // namespace

extern const TokensKernels tokens_scalar = {
#include "cpu/isa/tokens_table.h"
};

}  // namespace sconce::isa
