// Matrix products of f32 on the machine's own kernels.
#pragma once
#include <sconce/kernel_args.h>

namespace sconce::eager {

// matmul of f32 tensors that are not empty.
void matmul(const MatmulArgs& args);

}  // namespace sconce::eager
