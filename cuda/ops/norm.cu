// Normalisation on the GPU.
#include "kernels/norm.cuh"

#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>

#include "ops/cuda_backend.h"
#include "ops/teams.h"

namespace sconce::SCONCE_GPU {
namespace {

template <class C>
Parameter<C> parameter(const Tensor& t, C otherwise) {
  return {t.defined() ? t.data() : nullptr, t.defined() ? t.dtype() : DType::f32, otherwise};
}

}  // namespace

void CudaBackend::batch_norm(const BatchNormArgs& a) {
  const int64_t n = a.input.size(0), channels = a.input.size(1), inner = a.input.numel() / (n * channels);
  const cudaStream_t stream = stream_of(a.out.device().index);
  with_network_type("batch_norm", a.input, [&]<class T>() {
    using C = typename Typed<T>::Compute;
    const Typed<T> x{static_cast<const T*>(a.input.data())};
    Tensor mean = a.mean, var = a.var;
    if (!mean.defined()) {
      mean = empty({channels}, dtype_of<C>, a.out.device()),
      var = empty({channels}, dtype_of<C>, a.out.device());
      launch("batch_statistics", stream, batch_statistics<T, C>,
             dim3(static_cast<unsigned>(std::min(channels, most_blocks))), dim3(block_size),
             sizeof(BlockShared), x, n, channels, inner, static_cast<C*>(mean.mutable_data()),
             static_cast<C*>(var.mutable_data()));
    }
    launch("scale_channels", stream, scale_channels<T, C>, grid_for(a.input.numel()), dim3(block_size), 0, x,
           a.input.numel(), channels, inner, parameter<C>(mean, 0), parameter<C>(var, 0),
           parameter<C>(a.weight, 1), parameter<C>(a.bias, 0), static_cast<C>(a.eps),
           static_cast<T*>(a.out.mutable_data()));
  });
}

void CudaBackend::row_norm(const RowNormArgs& a) {
  const int64_t rows = a.input.numel() / a.columns;
  with_network_type("row_norm", a.input, [&]<class T>() {
    using C = typename Typed<T>::Compute;
    with_team({rows, a.columns, 1}, [&]<class Team>(dim3 grid, dim3 block, size_t bytes) {
      launch("normalize_rows", stream_of(a.out.device().index), normalize_rows<Team, T, C>, grid, block,
             bytes, Typed<T>{static_cast<const T*>(a.input.data())}, rows, a.columns, a.groups, a.inner,
             parameter<C>(a.weight, 1), parameter<C>(a.bias, 0), static_cast<C>(a.eps),
             static_cast<T*>(a.out.mutable_data()));
    });
  });
}

}  // namespace sconce::SCONCE_GPU
