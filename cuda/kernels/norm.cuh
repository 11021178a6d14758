// Normalisation: batch norm as a scale and a shift for each channel, rows by their own mean and variance.
#pragma once
#include "kernels/reduce.cuh"

namespace sconce::SCONCE_GPU {

// A parameter for each channel, or one number for all where data is null.
template <class C>
struct Parameter {
  const void* data;
  DType dtype;
  C otherwise;
  __device__ __forceinline__ C operator[](int64_t i) const {
    return data ? read<C>(dtype, data, i) : otherwise;
  }
};

// Mean and biased variance of each channel of [n, channels, inner], by a block each.
template <class T, class C>
__global__ void __launch_bounds__(256)
    batch_statistics(Typed<T> x, int64_t n, int64_t channels, int64_t inner, C* __restrict__ mean,
                     C* __restrict__ var) {
  const BlockTeam team;
  const int64_t count = n * inner;
  for (int64_t c = blockIdx.x; c < channels; c += gridDim.x) {
    const auto sum = [&](auto g) {
      C total(0);
      for (int64_t i = team.rank(); i < count; i += team.size())
        total += g(x[(i / inner * channels + c) * inner + i % inner]);
      return team.reduce(total, Plus{});
    };
    const C m = sum([](C v) { return v; }) / static_cast<C>(count);
    const C squares = sum([m](C v) { return (v - m) * (v - m); });
    if (team.rank() == 0) mean[c] = m, var[c] = squares / static_cast<C>(count);
  }
}

template <class T, class C>
__global__ void __launch_bounds__(256)
    scale_channels(Typed<T> x, int64_t total, int64_t channels, int64_t inner, Parameter<C> mean,
                   Parameter<C> var, Parameter<C> weight, Parameter<C> bias, C eps, T* __restrict__ out) {
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int64_t c = i / inner % channels;
    const C scale = weight[c] / std::sqrt(var[c] + eps);
    out[i] = narrow<T>((x[i] - mean[c]) * scale + bias[c]);
  }
}

// Row r, element j takes parameter r % groups * (columns / inner) + j / inner.
template <class Team, class T, class C>
__global__ void __launch_bounds__(256)
    normalize_rows(Typed<T> x, int64_t rows, int64_t columns, int64_t groups, int64_t inner,
                   Parameter<C> weight, Parameter<C> bias, C eps, T* __restrict__ out) {
  const Team team;
  const int64_t channels = columns / inner;
  for (int64_t r = first_of<Team>(); r < rows; r += step_of<Team>()) {
    const int64_t base = r * columns;
    const C mean = sum_of(team, x, base, columns, 1, [](C v) { return v; }) / static_cast<C>(columns);
    const C var = sum_of(team, x, base, columns, 1, [mean](C v) { return (v - mean) * (v - mean); }) /
                  static_cast<C>(columns);
    const C scale = C(1) / std::sqrt(var + eps);
    for (int64_t j = team.rank(); j < columns; j += team.size()) {
      const int64_t p = r % groups * channels + j / inner;
      out[base + j] = narrow<T>((x[base + j] - mean) * scale * weight[p] + bias[p]);
    }
  }
}

}  // namespace sconce::SCONCE_GPU
