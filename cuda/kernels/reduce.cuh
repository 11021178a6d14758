// Reductions along strips: each by a thread, a warp or a block.
#pragma once
#include <sconce/kernels/op_codes.h>

#include <cmath>
#include <limits>

#include "device/element.h"
#include "device/team.h"

namespace sconce::SCONCE_GPU {

// How a reader's elements are added up.
template <class C>
using Total = std::conditional_t<std::is_integral_v<C>, uint64_t, C>;

struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Times {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a * b;
  }
};
// NaN wins.
struct Larger {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a != a || !(b > a || b != b) ? a : b;
  }
};
struct Smaller {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a != a || !(b < a || b != b) ? a : b;
  }
};

// A sum that keeps what each addition loses: exact enough for strips of any length.
template <class Team, class X, class G>
__device__ auto sum_of(const Team& team, const X& x, int64_t base, int64_t n, int64_t step, G g) {
  using C = decltype(g(x[0]));
  C total(0), lost(0);
  for (int64_t i = team.rank(); i < n; i += team.size()) {
    if constexpr (std::is_integral_v<C>) {
      total += g(x[base + i * step]);
    } else {
      const C v = g(x[base + i * step]), next = total + v;
      lost += std::abs(total) >= std::abs(v) ? (total - next) + v : (v - next) + total;
      total = next;
    }
  }
  if constexpr (!std::is_integral_v<C>)
    if (std::isfinite(total)) total += lost;
  return team.reduce(total, Plus{});
}

template <class Team, class X, class F>
__device__ auto extreme_of(const Team& team, const X& x, int64_t base, int64_t n, int64_t step, F f) {
  typename X::Compute best = x[base];  // the first stands for those whose thread has none
  for (int64_t i = team.rank(); i < n; i += team.size()) best = f(best, x[base + i * step]);
  return team.reduce(best, f);
}

template <class Team, class X>
__device__ auto variance_of(const Team& team, const X& x, int64_t base, int64_t n, int64_t step,
                            double correction) {
  using C = typename X::Compute;
  const C mean = sum_of(team, x, base, n, step, [](C v) { return v; }) / static_cast<C>(n);
  const C squares = sum_of(team, x, base, n, step, [mean](C v) { return (v - mean) * (v - mean); });
  const double left = static_cast<double>(n) - correction;
  return squares / static_cast<C>(left > 0 ? left : 0);
}

template <class Team, class X>
__device__ auto norm_of(const Team& team, const X& x, int64_t base, int64_t n, int64_t step, double p) {
  using C = typename X::Compute;
  if (n == 0) return C(0);
  C largest(0), smallest = std::numeric_limits<C>::infinity();
  for (int64_t i = team.rank(); i < n; i += team.size()) {
    const C v = std::abs(x[base + i * step]);
    largest = Larger{}(largest, v), smallest = Smaller{}(smallest, v);
  }
  largest = team.reduce(largest, Larger{});
  if (std::isinf(p)) return p > 0 ? largest : team.reduce(smallest, Smaller{});
  if (p == 0) return sum_of(team, x, base, n, step, [](C v) { return v != C(0) ? C(1) : C(0); });
  if (p == 1) return sum_of(team, x, base, n, step, [](C v) { return C(std::abs(v)); });
  if (p == 2) {  // scaled, so that no square leaves the range
    if (largest == C(0) || !(largest <= std::numeric_limits<C>::max())) return largest;
    const C scale = largest > C(1e18) || largest < C(1e-15) ? largest : C(1);
    return scale *
           std::sqrt(sum_of(team, x, base, n, step, [scale](C v) { return v / scale * (v / scale); }));
  }
  const C power = static_cast<C>(p);
  return std::pow(sum_of(team, x, base, n, step, [power](C v) { return C(std::pow(std::abs(v), power)); }),
                  C(1) / power);
}

template <class Team, class X>
__global__ void __launch_bounds__(256)
    reduce_strips(ReduceOp op, X x, Strips strips, DType dtype, void* __restrict__ out, double parameter) {
  using C = typename X::Compute;
  const Team team;
  const int64_t n = strips.length, step = strips.inner;
  for (int64_t s = first_of<Team>(); s < strips.outer * strips.inner; s += step_of<Team>()) {
    const int64_t base = s / step * n * step + s % step;
    const auto give = [&](auto v) {
      if (team.rank() == 0) write(dtype, out, s, v);
    };
    switch (op) {
      case ReduceOp::sum: {
        const auto total = sum_of(team, x, base, n, step, [](C v) { return static_cast<Total<C>>(v); });
        give(static_cast<C>(total));
        break;
      }
      case ReduceOp::prod: {
        Total<C> product(1);
        for (int64_t i = team.rank(); i < n; i += team.size())
          product *= static_cast<Total<C>>(x[base + i * step]);
        give(static_cast<C>(team.reduce(product, Times{})));
        break;
      }
      case ReduceOp::any:
      case ReduceOp::all: {
        const bool of_any = op == ReduceOp::any;
        int hits = 0;
        for (int64_t i = team.rank(); i < n; i += team.size())
          hits |= (x[base + i * step] != C(0)) == of_any ? 1 : 0;
        hits = team.reduce(hits, Larger{});
        give((hits != 0) == of_any);
        break;
      }
      case ReduceOp::amax: give(extreme_of(team, x, base, n, step, Larger{})); break;
      case ReduceOp::amin: give(extreme_of(team, x, base, n, step, Smaller{})); break;
      default:
        if constexpr (std::is_floating_point_v<C>) {
          if (op == ReduceOp::mean) {
            give(sum_of(team, x, base, n, step, [](C v) { return v; }) / static_cast<C>(n));
          } else if (op == ReduceOp::var) {
            give(variance_of(team, x, base, n, step, parameter));
          } else if (op == ReduceOp::std) {
            give(std::sqrt(variance_of(team, x, base, n, step, parameter)));
          } else if (op == ReduceOp::norm) {
            give(norm_of(team, x, base, n, step, parameter));
          } else if (n == 0) {  // logsumexp
            give(-std::numeric_limits<C>::infinity());
          } else {
            const C largest = extreme_of(team, x, base, n, step, Larger{});
            const C shift = std::isinf(largest) ? C(0) : largest;
            give(std::log(sum_of(team, x, base, n, step, [shift](C v) { return C(std::exp(v - shift)); })) +
                 shift);
          }
        }
    }
  }
}

// The first largest or smallest, NaN before all.
template <class C>
struct FirstExtreme {
  bool largest;
  __device__ bool precedes(const Found<C>& a, const Found<C>& b) const {
    const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
    if (a_nan != b_nan) return a_nan;
    if (!a_nan && a.value != b.value) return largest ? a.value > b.value : a.value < b.value;
    return a.index < b.index;
  }
  __device__ Found<C> operator()(const Found<C>& a, const Found<C>& b) const {
    return precedes(a, b) ? a : b;
  }
};

template <class Team, class X>
__global__ void __launch_bounds__(256)
    extreme_indices(bool largest, X x, Strips strips, int64_t* __restrict__ indices) {
  using C = typename X::Compute;
  const Team team;
  const int64_t n = strips.length, step = strips.inner;
  const FirstExtreme<C> better{largest};
  for (int64_t s = first_of<Team>(); s < strips.outer * strips.inner; s += step_of<Team>()) {
    const int64_t base = s / step * n * step + s % step;
    Found<C> best{x[base], 0};
    for (int64_t i = team.rank(); i < n; i += team.size())
      best = better(best, Found<C>{x[base + i * step], i});
    best = team.reduce(best, better);
    if (team.rank() == 0) indices[s] = best.index;
  }
}

// Running sums and products: each thread of the team takes a piece, and adds what the pieces before it came to.
template <class Team, class X, class F>
__global__ void __launch_bounds__(256)
    scan_strips(F f, typename X::Compute identity, X x, Strips strips, DType dtype, void* __restrict__ out) {
  using C = Total<typename X::Compute>;
  const Team team;
  const int64_t n = strips.length, step = strips.inner;
  const int64_t piece = (n + team.size() - 1) / team.size();
  for (int64_t s = first_of<Team>(); s < strips.outer * strips.inner; s += step_of<Team>()) {
    const int64_t base = s / step * n * step + s % step;
    const int64_t begin = team.rank() * piece < n ? team.rank() * piece : n,
                  end = begin + piece < n ? begin + piece : n;
    C mine = static_cast<C>(identity);
    for (int64_t i = begin; i < end; ++i) mine = f(mine, static_cast<C>(x[base + i * step]));
    C total = team.exclusive(mine, static_cast<C>(identity), f);
    for (int64_t i = begin; i < end; ++i) {
      total = f(total, static_cast<C>(x[base + i * step]));
      write(dtype, out, base + i * step, static_cast<typename X::Compute>(total));
    }
  }
}

// Exponentials and their sum in the compute type. A row of -inf gives NaN, as in PyTorch.
template <class Team, class X, class T>
__global__ void __launch_bounds__(256)
    softmax_strips(bool logarithm, X x, Strips strips, T* __restrict__ out) {
  using C = typename X::Compute;
  const Team team;
  const int64_t n = strips.length, step = strips.inner;
  for (int64_t s = first_of<Team>(); s < strips.outer * strips.inner; s += step_of<Team>()) {
    const int64_t base = s / step * n * step + s % step;
    const C largest = extreme_of(team, x, base, n, step, Larger{});
    const C total = sum_of(team, x, base, n, step, [largest](C v) { return C(std::exp(v - largest)); });
    if (logarithm) {
      const C shift = std::log(total);
      for (int64_t i = team.rank(); i < n; i += team.size())
        out[base + i * step] = narrow<T>(x[base + i * step] - largest - shift);
    } else {
      for (int64_t i = team.rank(); i < n; i += team.size())
        out[base + i * step] = narrow<T>(C(std::exp(x[base + i * step] - largest)) / total);
    }
  }
}

}  // namespace sconce::SCONCE_GPU
