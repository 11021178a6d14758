// Products with few rows or columns: which instance of the kernels, and its grid.
#include "ops/gemv.h"

#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

// Calls f.operator()<n>() with the least of 1, 2, 4 and 8 that is not below count.
template <class F>
void with_vectors(int count, F&& f) {
  if (count <= 1) return f.template operator()<1>();
  if (count <= 2) return f.template operator()<2>();
  if (count <= 4) return f.template operator()<4>();
  f.template operator()<most_vectors>();
}

template <class E>
void launch_gemv_along(const MmaArgs<E>& g, int warps, bool along_k, int device) {
  const auto batch = static_cast<unsigned>(std::min<int64_t>(g.batch.numel, 65535));
  const auto lines = static_cast<unsigned>(std::max(g.m, g.n));
  with_vectors(std::min(g.m, g.n), [&]<int Count>() {
    if (warps > 1)
      launch("gemv_along", stream_of(device), gemv_along<BlockTeam, E, Count>, dim3(lines, batch),
             dim3(static_cast<unsigned>(warps) * 32), sizeof(BlockShared), g, along_k);
    else
      launch("gemv_along", stream_of(device), gemv_along<WarpTeam, E, Count>, dim3((lines + 7) / 8, batch),
             dim3(block_size), 0, g, along_k);
  });
}

template <class E>
void launch_gemv_across(MmaArgs<E> g, int splits, int device) {
  const cudaStream_t stream = stream_of(device);
  constexpr int wide = gemv_packs * Pack<E>::count;
  g.k_each = std::max((g.k + splits - 1) / splits, 1);
  splits = std::max((g.k + g.k_each - 1) / g.k_each, 1);
  std::shared_ptr<void> partial;
  if (splits > 1) {
    partial = allocate_on(device, static_cast<size_t>(splits * g.batch.numel * g.m * g.n) * sizeof(float));
    g.partial = static_cast<float*>(partial.get());
  }
  with_vectors(g.m, [&]<int Count>() {
    launch(
        "gemv_across", stream, gemv_across<E, Count>,
        dim3(static_cast<unsigned>((g.n + wide - 1) / wide),
             static_cast<unsigned>(std::min<int64_t>(g.batch.numel, 65535)), static_cast<unsigned>(splits)),
        dim3(gemv_warps * 32), sizeof(GemvShared<E, Count>), g);
  });
  if (splits > 1)
    launch("merge_partials", stream, merge_partials<E>, grid_for(g.batch.numel * g.m * g.n), dim3(block_size),
           0, g, splits);
}

}  // namespace

template <class E>
void run_gemv(const MmaArgs<E>& g, const MatmulChoice& choice, bool along_k, int device) {
  if (along_k || g.n < g.m)
    launch_gemv_along(g, choice.splits, along_k, device);
  else
    launch_gemv_across(g, choice.splits, device);
}
template void run_gemv(const MmaArgs<float>&, const MatmulChoice&, bool, int);
template void run_gemv(const MmaArgs<Half>&, const MatmulChoice&, bool, int);
template void run_gemv(const MmaArgs<BFloat16>&, const MatmulChoice&, bool, int);

}  // namespace sconce::SCONCE_GPU
