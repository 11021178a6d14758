// Pooling of f32 planes on the machine's own kernels.
#pragma once
#include <sconce/kernel_args.h>

namespace sconce::eager {

// max_pool2d of f32 tensors, without the places where the largest elements were.
void max_pool2d(const MaxPoolArgs& args);

}  // namespace sconce::eager
