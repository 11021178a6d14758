// The choice of kernels. Figures that no GPU has confirmed yet are reasoned: a device wants at least one block a processor, and a block
// at least a few stages of k.
#include "ops/pick.h"

#include <algorithm>

namespace sconce {
namespace {

int64_t tiles_of(int64_t extent, int64_t tile) { return (extent + tile - 1) / tile; }

// So many blocks for k that all processors have work, none with fewer than `least` of k, none without any.
int splits_of(int64_t blocks, int64_t processors, int64_t k, int64_t least) {
  if (blocks >= processors) return 1;
  const int64_t wanted = std::min({processors / blocks, k / least, int64_t{16}});
  return static_cast<int>(std::max<int64_t>(wanted, 1));
}

// Few rows or columns: a warp reads a row of the other operand, or four do where there are too few rows to fill the device; where that
// operand lies across k, blocks of 256 threads read 128 bytes of each of their rows.
MatmulChoice gemv_of(const GpuProperties& gpu, const MatmulShape& s, int64_t size) {
  if (s.n < s.m || s.rhs_along_k) {
    const bool few = std::max(s.m, s.n) * s.batch < int64_t{16} * gpu.processors;
    return {MatmulKernel::gemv, few && s.k >= 4 * 32 * (16 / size) ? 4 : 1};
  }
  return {MatmulKernel::gemv,
          splits_of(tiles_of(s.n, 128 / size) * s.batch, int64_t{4} * gpu.processors, s.k, 128)};
}

}  // namespace

MatmulChoice pick_matmul(const GpuProperties& gpu, const MatmulShape& s, DType dtype, bool tf32) {
  const bool f32 = dtype == DType::f32, half = dtype == DType::f16 || dtype == DType::bf16;
  constexpr int64_t limit = int64_t{1} << 30;
  if ((!f32 && !half) || s.m == 0 || s.n == 0 || s.m > limit || s.n > limit || s.k > limit)
    return {MatmulKernel::simt, 1};
  if (std::min(s.m, s.n) < 8 && s.k >= 32) return gemv_of(gpu, s, f32 ? 4 : 2);
  // From 64 on, f32 in three products errs no more than multiply-adds do; narrow and short products gain nothing by tensor cores.
  const int64_t stage = f32 ? 32 : 64;
  if (gpu.capability < 80 || std::min(s.m, s.n) < 8 || s.k < (f32 && !tf32 ? 64 : 32))
    return {MatmulKernel::simt, 1};
  const int64_t large_n = f32 && !tf32 ? 64 : 128, stage_bytes = (128 + large_n) * 128;
  const int64_t large = tiles_of(s.m, 128) * tiles_of(s.n, large_n) * s.batch;
  if (large >= gpu.processors && s.m > 64 && s.n > large_n / 2 && 3 * stage_bytes <= gpu.shared_bytes)
    return {MatmulKernel::mma_large, 1};
  const int64_t small = tiles_of(s.m, 64) * tiles_of(s.n, 64) * s.batch;
  return {MatmulKernel::mma_small, splits_of(small, gpu.processors, s.k, 4 * stage)};
}

}  // namespace sconce
