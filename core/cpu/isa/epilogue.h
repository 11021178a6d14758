// What a kernel does to a result before it stores it.
#pragma once
#include <cstdint>

#include "cpu/isa/activation.h"

namespace sconce::isa {

// activation(result + bias + residual). Pointers stand at the channel and row of the first result.
struct Epilogue {
  const float* bias = nullptr;      // of each channel, or null
  const float* residual = nullptr;  // another activation of the result's shape, or null
  int64_t residual_pitch = 0;       // floats from row to row of it
  Activation activation = Activation::none;
};

}  // namespace sconce::isa
