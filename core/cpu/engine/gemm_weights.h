// Weights of convolutions and Linear layers, packed for the tiles.
#pragma once
#include <vector>

#include "cpu/engine/convolution.h"
#include "cpu/engine/packs.h"
#include "cpu/isa/gemm.h"

namespace sconce::engine {

// The columns (output channels) fall into `units` with inputs of their own: the groups of a convolution, several to a unit where groups
// are narrow. Each unit is one matrix [taps * k][n] in panels (see GemmKernels).
struct PackedWeights {
  int64_t units = 1;
  int64_t k = 0;  // channels that a unit reads
  int64_t n = 0;  // and writes
  int64_t taps = 1;
  int64_t panels = 0;       // of a unit
  int64_t unit_floats = 0;  // weights of a unit
  isa::Stored stored = isa::Stored::f32;
  const void* data = nullptr;    // as `stored` says
  const float* scale = nullptr;  // of all channels; i8 only
  const float* bias = nullptr;   // of all channels, or null

  int64_t bytes() const { return units * unit_floats * isa::size_of(stored); }
};

// The shape that the groups of a convolution take; everything but the pointers.
PackedWeights weights_shape(int64_t groups, int64_t in_per_group, int64_t out_per_group, int64_t taps,
                            const isa::GemmKernels& kernels);

// Packs the taps `chosen` (indices into the kernel's positions) of a convolution with `positions` of them, each output channel times its scale (or
// as it is: null), and sets the shape's pointers to them and, for i8, to the scales. Throws Error (invalid_argument) where f16 cannot hold
// a weight.
void pack_weights(PackedWeights& shape, const ConvWeights& weights, const double* scale, int64_t groups,
                  bool transposed, int64_t positions, const std::vector<int64_t>& chosen,
                  const isa::GemmKernels& kernels, Packs& packs);

// n doubles as floats, with room behind them for a whole panel; null stays null.
const float* pack_row(const double* values, int64_t n, Packs& packs);

}  // namespace sconce::engine
