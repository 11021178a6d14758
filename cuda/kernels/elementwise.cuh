// Elementwise ops: the formulas of <sconce/kernels/unary.h> and binary.h over dense and over strided tensors.
#pragma once
#include <sconce/kernels/binary.h>

#include "device/element.h"
#include "device/layout.h"

namespace sconce::SCONCE_GPU {

// x and out dense, aligned to 16 bytes and of type T, which is computed in its Compute type.
template <class T>
__global__ void __launch_bounds__(256)
    unary_dense(UnaryOp op, double a, double b, const T* __restrict__ x, T* __restrict__ out, int64_t n) {
  using C = typename Typed<T>::Compute;
  kernels::with_unary(op, a, b, [&](auto f) {
    if constexpr (std::is_invocable_r_v<C, decltype(f), C>) {
      constexpr int count = Pack<T>::count;
      const int64_t packs = n / count;
      const auto* from = reinterpret_cast<const Pack<T>*>(x);
      auto* to = reinterpret_cast<Pack<T>*>(out);
      for (int64_t i = grid_thread(); i < packs; i += grid_threads()) {
        const Pack<T> in = from[i];
        Pack<T> result;
        SCONCE_UNROLL
        for (int k = 0; k < count; ++k) result.v[k] = narrow<T>(f(widen(in.v[k])));
        to[i] = result;
      }
      for (int64_t i = packs * count + grid_thread(); i < n; i += grid_threads())
        out[i] = narrow<T>(f(widen(x[i])));
    }
  });
}

// Any strides of x, any dtypes; computed in C.
template <class C, class Bound>
__global__ void __launch_bounds__(256) unary_strided(UnaryOp op, Bound a, Bound b, Layout<1> layout, Any<C> x,
                                                     DType dtype, void* __restrict__ out) {
  kernels::with_unary(op, a, b, [&](auto f) {
    if constexpr (std::is_invocable_v<decltype(f), C>) {
      for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
        int64_t at[1];
        layout.offsets(i, at);
        write(dtype, out, i, f(x[at[0]]));
      }
    }
  });
}

// a, b and out dense, aligned and of type T.
template <class T>
__global__ void __launch_bounds__(256) binary_dense(BinaryOp op, double alpha, const T* __restrict__ a,
                                                    const T* __restrict__ b, T* __restrict__ out, int64_t n) {
  using C = typename Typed<T>::Compute;
  kernels::with_binary(op, static_cast<C>(alpha), [&](auto f) {
    if constexpr (std::is_invocable_r_v<C, decltype(f), C, C>) {
      constexpr int count = Pack<T>::count;
      const int64_t packs = n / count;
      const auto *first = reinterpret_cast<const Pack<T>*>(a), *second = reinterpret_cast<const Pack<T>*>(b);
      auto* to = reinterpret_cast<Pack<T>*>(out);
      for (int64_t i = grid_thread(); i < packs; i += grid_threads()) {
        const Pack<T> x = first[i], y = second[i];
        Pack<T> result;
        SCONCE_UNROLL
        for (int k = 0; k < count; ++k) result.v[k] = narrow<T>(f(widen(x.v[k]), widen(y.v[k])));
        to[i] = result;
      }
      for (int64_t i = packs * count + grid_thread(); i < n; i += grid_threads())
        out[i] = narrow<T>(f(widen(a[i]), widen(b[i])));
    }
  });
}

// Operands of any strides and dtypes, read in C.
template <class C>
__global__ void __launch_bounds__(256) binary_strided(BinaryOp op, C alpha, Layout<2> layout, Any<C> a,
                                                      Any<C> b, DType dtype, void* __restrict__ out) {
  kernels::with_binary(op, alpha, [&](auto f) {
    if constexpr (std::is_invocable_v<decltype(f), C, C>) {
      for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
        int64_t at[2];
        layout.offsets(i, at);
        write(dtype, out, i, f(a[at[0]], b[at[1]]));
      }
    }
  });
}

template <class C>
__global__ void compare_strided(CompareOp op, Layout<2> layout, Any<C> a, Any<C> b,
                                uint8_t* __restrict__ out) {
  for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
    int64_t at[2];
    layout.offsets(i, at);
    const C x = a[at[0]], y = b[at[1]];
    bool holds = false;
    switch (op) {
      case CompareOp::eq: holds = x == y; break;
      case CompareOp::ne: holds = x != y; break;
      case CompareOp::lt: holds = x < y; break;
      case CompareOp::le: holds = x <= y; break;
      case CompareOp::gt: holds = x > y; break;
      case CompareOp::ge: holds = x >= y; break;
    }
    out[i] = holds ? 1 : 0;
  }
}

// found[0] becomes 1 when an element is 0. Every thread that writes writes the same.
template <class C>
__global__ void find_zero(Layout<1> layout, Any<C> x, int* found) {
  for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
    int64_t at[1];
    layout.offsets(i, at);
    if (x[at[0]] == C(0)) atomicExch(found, 1);
  }
}

}  // namespace sconce::SCONCE_GPU
