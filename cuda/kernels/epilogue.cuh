// What becomes of a sum of products before it is written: activation(alpha * sum + beta * bias).
#pragma once
#include <sconce/kernels/unary.h>

#include "device/element.h"

namespace sconce::SCONCE_GPU {

enum class Activation { none, relu, gelu, silu };

template <class T>
struct Epilogue {
  float alpha = 1, beta = 1;
  const T* bias = nullptr;  // null: none
  int64_t bias_row = 0, bias_column = 0;
  Activation activation = Activation::none;

  // `shift` is where the bias of this matrix of the batch begins.
  __device__ __forceinline__ float operator()(float sum, int64_t shift, int64_t row, int64_t column) const {
    float v = sum * alpha;
    if (bias) v += beta * widen(bias[shift + row * bias_row + column * bias_column]);
    switch (activation) {
      case Activation::none: break;
      case Activation::relu: v = kernels::Relu{}(v); break;
      case Activation::gelu: v = kernels::Gelu{}(v); break;
      case Activation::silu: v = kernels::Silu{}(v); break;
    }
    return v;
  }
};

}  // namespace sconce::SCONCE_GPU
