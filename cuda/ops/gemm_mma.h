// Products on tensor cores, as launchers call them.
#pragma once
#include "kernels/gemm_mma.cuh"
#include "ops/pick.h"

namespace sconce::SCONCE_GPU {

// E is float, Half or BFloat16; `tf32` counts for float alone. along_k: do the right operand's elements lie along k? g.k_each and g.partial
// are set here, from choice.splits.
template <class E>
void run_gemm_mma(const MmaArgs<E>& g, const MatmulChoice& choice, bool along_k, bool tf32, int device);

}  // namespace sconce::SCONCE_GPU
