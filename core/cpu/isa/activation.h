// The activations that kernels apply to results while they are in registers.
#pragma once
#include <cstdint>

namespace sconce::isa {

enum class Activation : int32_t {
  none,
  relu,
  relu6,
  hardswish,
  hardsigmoid,
  silu,
  sigmoid,
  tanh,
  gelu,
  gelu_tanh,
  mish
};

}  // namespace sconce::isa
