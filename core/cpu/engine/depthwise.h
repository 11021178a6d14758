// Depthwise convolution: each channel with a kernel of its own.
#pragma once
#include <memory>

#include "cpu/engine/fusion.h"
#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/engine/window.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// torch.nn.functional.conv2d with groups = C = output channels. `weight` is [C][1][kernel_h][kernel_w]. Any kernel, stride, dilation
// and padding; square kernels of 3, 5 and 7 at stride 1 or 2 without dilation are the fast ones.
// Inputs [x, residual?], outputs [y, means?]: with `means` the operator also writes [n][C] (dense) means of y over its pixels, what
// adaptive_avg_pool2d(y, 1) gives: squeeze-and-excitation's first step for nothing.
std::unique_ptr<Operator> make_depthwise(const Image& x, const Image& y, const Window& window,
                                         const float* weight, const Fusion& fusion, bool means,
                                         const isa::Kernels& kernels, Packs& packs);

}  // namespace sconce::engine
