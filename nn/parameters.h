// The tensors that a fresh layer holds.
#pragma once
#include <sconce/tensor.h>

namespace sconce::nn {

// Zeros whose memory is asked for only when somebody touches them, so that building a network, printing it,
// or loading with
// {.assign = true} costs nothing.
Tensor zero_parameter(const Shape& shape, DType dtype);
// The same with ones.
Tensor one_parameter(const Shape& shape, DType dtype);

}  // namespace sconce::nn
