// The vision kernels for AVX-512.
#include <immintrin.h>

#include "cpu/isa/vision.h"

namespace sconce::isa {
namespace {
// clang-format off
#include "cpu/isa/vec_avx512.h"
#include "cpu/isa/math.h"
#include "cpu/isa/activate.h"
#include "cpu/isa/finish.h"
#include "cpu/isa/transpose_avx2.h"
constexpr int kDepthwiseOutputs = 7;  // that share their loads
#include "cpu/isa/depthwise_kernels.h"
#include "cpu/isa/layout_kernels.h"
#include "cpu/isa/pooling_kernels.h"
#include "cpu/isa/winograd_transforms.h"
#include "cpu/isa/winograd_kernels.h"
// clang-format on
}  // namespace

const VisionKernels vision_avx512 = {Vec::size,
                                     depthwise,
                                     max_pool,
                                     mean_pool,
                                     affine,
                                     blend,
                                     planes_to_rows,
                                     rows_to_planes,
                                     copy_rows,
                                     {winograd_input<4>, winograd_input<6>},
                                     {winograd_output<4>, winograd_output<6>},
                                     {winograd_weights<4>, winograd_weights<6>}};

}  // namespace sconce::isa
