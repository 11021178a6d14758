// The block that MobileNets repeat, in one pass over the rows: [1x1,] depthwise, 1x1.
#pragma once
#include <memory>

#include "cpu/engine/fusion.h"
#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/engine/window.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// y = project(depthwise(expand(x))): a few rows of the hidden channels at a time, which never leave the second-level cache. Worth it where
// those channels, all rows of them, are more than that cache holds; where they are fewer, three operators are as fast.
struct DepthwiseBlock {
  Image x, y;
  int64_t hidden = 0;  // channels that the depthwise convolution has; those of x without an expansion
  Window window;       // its kernel; dilation 1
  const float* expand_weight = nullptr;     // [hidden][x.c], or null: no expansion
  Fusion expand;                            // no residual
  const float* depthwise_weight = nullptr;  // [hidden][1][kernel_h][kernel_w]
  Fusion depthwise;                         // no residual
  const float* project_weight = nullptr;    // [y.c][hidden]
  Fusion project;
};

// Inputs [x, residual?], outputs [y]; y must not overlap x.
std::unique_ptr<Operator> make_depthwise_block(const DepthwiseBlock& block, const isa::Kernels& kernels,
                                               Packs& packs);

// Whether the fused pass is expected to be faster than its parts.
bool worth_fusing(const DepthwiseBlock& block);

}  // namespace sconce::engine
