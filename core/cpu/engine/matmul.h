// Products of two activations.
#pragma once
#include <memory>

#include "cpu/engine/operator.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// c[b][i][j] = sum over k of a[b][i][k] * b[b][k][j] for b < batch; distances in floats. `b_transposed`: b is [j][k].
// A batch distance of 0 repeats a matrix. Batches of two levels (images, heads) have outer > 1: matrix (o, b) begins at o * outer distance
// + b * batch distance.
struct MatmulGeometry {
  int64_t outer = 1, batch = 1, m = 1, k = 1, n = 1;
  int64_t a_pitch = 0, a_batch = 0, a_outer = 0;
  int64_t b_pitch = 0, b_batch = 0, b_outer = 0;
  int64_t c_pitch = 0, c_batch = 0, c_outer = 0;
  bool b_transposed = false;
};

// out(0) = in(0) * in(1), and activation. The output must not overlap the inputs.
std::unique_ptr<Operator> make_matmul(const MatmulGeometry& geometry, isa::Activation activation,
                                      const isa::Kernels& kernels);

}  // namespace sconce::engine
