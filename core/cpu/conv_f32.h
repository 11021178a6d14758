// Convolutions of f32 planes on the machine's own kernels.
#pragma once
#include <sconce/kernel_args.h>

namespace sconce::eager {

// conv2d of f32 tensors, in direct form: no weight is packed, no layout changed, and each output is one sum.
void conv2d(const ConvArgs& args);

}  // namespace sconce::eager
