// Matrix products: NEON of aarch64.
#include <arm_neon.h>

#include "cpu/isa/gemm.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_neon.h"
#include "cpu/isa/math.h"
#include "cpu/isa/activate.h"
#include "cpu/isa/gemm_finish.h"
#include "cpu/isa/gemm_kernels.h"
#include "cpu/isa/gemm_rows.h"
#include "cpu/isa/narrow_neon.h"
// clang-format on

constexpr int kSums = 24;  // that fit into registers beside what else a tile needs
template <int R, int V>
constexpr GemmTile at = tile_for<R, V, kSums>();

}  // namespace

const GemmKernels gemm_neon = {
    .vector = Vec::size,
    .vectors = 4,
    .widest = 4,
    .rows = {0, 8, 8, 8, 6},
    .tile = {{},
             {nullptr, at<1, 1>, at<2, 1>, at<3, 1>, at<4, 1>, at<5, 1>, at<6, 1>, at<7, 1>, at<8, 1>},
             {nullptr, at<1, 2>, at<2, 2>, at<3, 2>, at<4, 2>, at<5, 2>, at<6, 2>, at<7, 2>, at<8, 2>},
             {nullptr, at<1, 3>, at<2, 3>, at<3, 3>, at<4, 3>, at<5, 3>, at<6, 3>, at<7, 3>, at<8, 3>},
             {nullptr, at<1, 4>, at<2, 4>, at<3, 4>, at<4, 4>, at<5, 4>, at<6, 4>}},
    .narrow = {narrow_for<Bf16Weights, 4, kSums>(), narrow_for<F16Weights, 4, kSums>(),
               narrow_for<I8Weights, 4, kSums>()},
    .pack = pack,
    .pack_rows = pack_rows,
    .prologue = prologue,
    .copy = copy,
    .multiply_adds = multiply_adds<kSums>,
    .flops = 2 * Vec::size * kSums,
};

}  // namespace sconce::isa
