// What an operator does with its results while they are in registers.
#pragma once
#include <cstdint>

#include "cpu/isa/activation.h"

namespace sconce::engine {

// activation(result * scale[channel] + shift[channel] + residual). A bias is a shift; a batch norm is both. Scales are folded into the
// weights, in double precision, when the operator is made; the arrays are not needed afterwards.
struct Fusion {
  const double* scale = nullptr;  // of each output channel, or null: 1
  const double* shift = nullptr;  // of each output channel, or null: 0
  bool residual = false;          // an input of the output's shape is added before the activation
  // Its floats from pixel to pixel; rows and images follow each other like those of an Image.
  int64_t residual_pitch = 0;
  isa::Activation activation = isa::Activation::none;
};

}  // namespace sconce::engine
