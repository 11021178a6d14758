// Normalisation. Statistics are kept in double.
#include <sconce/kernel_args.h>
#include <sconce/threads.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/cpu_backend.h"
#include "cpu/elementwise_f32.h"
#include "cpu/isa/planes.h"
#include "cpu/isa_choice.h"

namespace sconce {
namespace {

template <class T>
using Computed = std::conditional_t<std::is_same_v<T, double>, double, float>;

// The elements as double; `otherwise` for each where the parameter is not given.
std::vector<double> values_of(const Tensor& t, int64_t count, double otherwise) {
  std::vector<double> out(static_cast<size_t>(count), otherwise);
  if (!t.defined()) return out;
  const Tensor wide = t.to(DType::f64);
  std::copy_n(wide.data<double>(), count, out.begin());
  return out;
}

// Sums f(value) over `count` elements.
template <class T, class F>
double sum_of(const T* from, int64_t count, F f) {
  double total = 0;
  for (int64_t i = 0; i < count; ++i) total += f(static_cast<double>(static_cast<Computed<T>>(from[i])));
  return total;
}

template <class T>
void batch_norm_of(const BatchNormArgs& a) {
  using C = Computed<T>;
  const int64_t n = a.input.size(0), channels = a.input.size(1), inner = a.input.numel() / (n * channels);
  const auto weight = values_of(a.weight, channels, 1), bias = values_of(a.bias, channels, 0);
  auto mean = values_of(a.mean, channels, 0), var = values_of(a.var, channels, 0);
  const auto* from = static_cast<const T*>(a.input.data());
  auto* to = static_cast<T*>(a.out.mutable_data());
  if (!a.mean.defined())
    parallel_for(0, channels, std::max<int64_t>(1, 20'000 / (n * inner)), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        double total = 0, squares = 0;
        for (int64_t i = 0; i < n; ++i)
          total += sum_of(from + (i * channels + c) * inner, inner, [](double x) { return x; });
        const double m = total / static_cast<double>(n * inner);
        for (int64_t i = 0; i < n; ++i)
          squares +=
              sum_of(from + (i * channels + c) * inner, inner, [m](double x) { return (x - m) * (x - m); });
        mean[static_cast<size_t>(c)] = m,
        var[static_cast<size_t>(c)] = squares / static_cast<double>(n * inner);
      }
    });
  [[maybe_unused]] const auto affine = best_kernels().planes->affine;
  parallel_for(0, n * channels, std::max<int64_t>(1, 20'000 / inner), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const auto c = static_cast<size_t>(plane % channels);
      const double scale = weight[c] / std::sqrt(var[c] + a.eps);
      const auto s = static_cast<C>(scale), shift = static_cast<C>(bias[c] - mean[c] * scale);
      const T* x = from + plane * inner;
      T* y = to + plane * inner;
      if constexpr (std::is_same_v<T, float>)
        affine(x, s, shift, y, inner);
      else
        for (int64_t i = 0; i < inner; ++i) y[i] = static_cast<T>(static_cast<C>(x[i]) * s + shift);
    }
  });
}

template <class T>
void row_norm_of(const RowNormArgs& a) {
  using C = Computed<T>;
  const int64_t columns = a.columns, rows = a.input.numel() / columns, channels = columns / a.inner;
  const auto weight = values_of(a.weight, a.groups * channels, 1),
             bias = values_of(a.bias, a.groups * channels, 0);
  const auto* from = static_cast<const T*>(a.input.data());
  auto* to = static_cast<T*>(a.out.mutable_data());
  parallel_for(0, rows, std::max<int64_t>(1, 10'000 / columns), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const T* x = from + row * columns;
      T* y = to + row * columns;
      const double mean = sum_of(x, columns, [](double v) { return v; }) / static_cast<double>(columns);
      const double var = sum_of(x, columns, [mean](double v) { return (v - mean) * (v - mean); }) /
                         static_cast<double>(columns);
      const double scale = 1 / std::sqrt(var + a.eps);
      for (int64_t c = 0; c < channels; ++c) {
        const auto p = static_cast<size_t>(row % a.groups * channels + c);
        const double s = scale * weight[p];
        for (int64_t j = c * a.inner; j < (c + 1) * a.inner; ++j) {
          const double v = static_cast<double>(static_cast<C>(x[j]));
          y[j] = static_cast<T>(static_cast<C>((v - mean) * s + bias[p]));
        }
      }
    }
  });
}

}  // namespace

void CpuBackend::batch_norm(const BatchNormArgs& args) {
  with_floating_type("batch_norm", args.input.dtype(), [&]<class T>() { batch_norm_of<T>(args); });
}

void CpuBackend::row_norm(const RowNormArgs& args) {
  if (eager::row_norm(args)) return;
  with_floating_type("row_norm", args.input.dtype(), [&]<class T>() { row_norm_of<T>(args); });
}

}  // namespace sconce
