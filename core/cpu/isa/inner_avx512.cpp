// Products by inner products: AVX-512. See inner.h.
#include "cpu/isa/inner.h"

#include <immintrin.h>

#include "cpu/isa/vision.h"

namespace sconce::isa {
namespace {

// The order matters.
// clang-format off
#include "cpu/isa/vec_avx512.h"
#include "cpu/isa/math.h"
#include "cpu/isa/activate.h"
#include "cpu/isa/gemm_finish.h"
#include "cpu/isa/inner_tiles.h"
#include "cpu/isa/inner_rows.h"
#include "cpu/isa/winograd_transforms.h"
#include "cpu/isa/inner_winograd.h"
#include "cpu/isa/inner_pack.h"
// clang-format on

float half_additions(int64_t rounds) {
  Vec sums[24];
#pragma GCC unroll 24
  for (int i = 0; i < 24; ++i) sums[i] = Vec::broadcast(0.5f);
  const Vec a = Vec::broadcast(0.999f), b = Vec::broadcast(1e-6f);
  for (int64_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < 24; i += 2) {
      asm volatile("vfmadd213ps %2, %1, %0" : "+v"(sums[i].v) : "v"(a.v), "v"(b.v));
      asm volatile("vaddps %1, %0, %0" : "+v"(sums[i + 1].v) : "v"(b.v));
    }
  }
#pragma GCC unroll 24
  for (int i = 1; i < 24; ++i) sums[0] = sums[0] + sums[i];
  return sums[0].sum();
}

}  // namespace

const InnerKernels inner_avx512 = {
    .tile = {nullptr, tile<1>, tile<2>, tile<3>, tile<4>, tile<5>, tile<6>, tile<7>, tile<8>, tile<9>,
             tile<10>, tile<11>, tile<12>, tile<13>, tile<14>, tile<15>, tile<16>, tile<17>, tile<18>},
    .plain_row = plain_row,
    .rows = rows,
    .winograd = {winograd<4>, winograd<6>},
    .pack = pack,
    .half_additions = half_additions,
};

}  // namespace sconce::isa
