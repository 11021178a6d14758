// Products on tensor cores: which instance of the kernel, and its grid.
#include "ops/gemm_mma.h"

#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

template <class T, class E>
void launch_gemm_mma(MmaArgs<E> g, int splits, bool along_k, int device) {
  const cudaStream_t stream = stream_of(device);
  const int64_t tiles = (int64_t{g.m} + T::m - 1) / T::m * ((int64_t{g.n} + T::n - 1) / T::n);
  check(tiles <= INT32_MAX, "[matmul] a result of more than 2^31 tiles is not there on cuda yet");
  const int stages = (g.k + T::k - 1) / T::k, each = std::max((stages + splits - 1) / splits, 1);
  splits = std::max((stages + each - 1) / each, 1);
  g.k_each = each * T::k;
  std::shared_ptr<void> partial;
  if (splits > 1) {
    partial = allocate_on(device, static_cast<size_t>(splits * g.batch.numel * g.m * g.n) * sizeof(float));
    g.partial = static_cast<float*>(partial.get());
  }
  launch("gemm_mma", stream, along_k ? gemm_mma<T, true> : gemm_mma<T, false>,
         dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(std::min<int64_t>(g.batch.numel, 65535)),
              static_cast<unsigned>(splits)),
         dim3(T::threads), sizeof(typename T::Shared), g);
  if (splits > 1)
    launch("merge_partials", stream, merge_partials<E>, grid_for(g.batch.numel * g.m * g.n), dim3(block_size),
           0, g, splits);
}

template <MmaPrecision P, class E>
void launch_tile(const MmaArgs<E>& g, const MatmulChoice& choice, bool along_k, int device) {
  if (choice.kernel == MatmulKernel::mma_small)
    launch_gemm_mma<MmaTile<P, 64, 64, 32, 32>>(g, choice.splits, along_k, device);
  else if constexpr (P == MmaPrecision::tf32x3)
    launch_gemm_mma<MmaTile<P, 128, 64, 32, 32>>(g, choice.splits, along_k, device);
  else
    launch_gemm_mma<MmaTile<P, 128, 128, 64, 32>>(g, choice.splits, along_k, device);
}

}  // namespace

template <class E>
void run_gemm_mma(const MmaArgs<E>& g, const MatmulChoice& choice, bool along_k, bool tf32, int device) {
  if constexpr (std::is_same_v<E, BFloat16>)
    launch_tile<MmaPrecision::bf16>(g, choice, along_k, device);
  else if constexpr (std::is_same_v<E, Half>)
    launch_tile<MmaPrecision::f16>(g, choice, along_k, device);
  else if (tf32)
    launch_tile<MmaPrecision::tf32>(g, choice, along_k, device);
  else
    launch_tile<MmaPrecision::tf32x3>(g, choice, along_k, device);
}
template void run_gemm_mma(const MmaArgs<float>&, const MatmulChoice&, bool, bool, int);
template void run_gemm_mma(const MmaArgs<Half>&, const MatmulChoice&, bool, bool, int);
template void run_gemm_mma(const MmaArgs<BFloat16>&, const MatmulChoice&, bool, bool, int);

}  // namespace sconce::SCONCE_GPU
