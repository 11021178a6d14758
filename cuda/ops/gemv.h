// Products with up to 8 rows or columns, as launchers call them.
#pragma once
#include "kernels/gemv.cuh"
#include "ops/pick.h"

namespace sconce::SCONCE_GPU {

// E is float, Half or BFloat16. along_k: do the right operand's elements lie along k? g.k_each and g.partial are set here.
template <class E>
void run_gemv(const MmaArgs<E>& g, const MatmulChoice& choice, bool along_k, int device);

}  // namespace sconce::SCONCE_GPU
