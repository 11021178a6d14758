// Winograd's weights, packed for products by inner products.
#pragma once
#include "cpu/engine/packs.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

struct InnerWinogradWeights {
  const float* channel_scale = nullptr;  // of each input channel
  const float* column_scale = nullptr;   // of each output channel, and what fills the last panel
  // [group of panels][element][chunk of input channels][panel], so that a chunk of the tiles stays in the first-level cache while panels pass.
  const float* panels = nullptr;
};

// Of tiles of edge x edge, the kernels' `which`. `scale` is of each output channel, or null.
InnerWinogradWeights pack_inner_winograd(int which, int64_t edge, const float* weight, const double* scale,
                                         int64_t in_channels, int64_t out_channels, int64_t panels_of_group,
                                         const isa::Kernels& kernels, Packs& packs);

}  // namespace sconce::engine
