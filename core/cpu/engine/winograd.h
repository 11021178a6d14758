// 3x3 convolution of stride 1 with fewer multiplications.
#pragma once
#include <memory>

#include "cpu/engine/fusion.h"
#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// F(2, 3) makes 2x2 outputs of 4x4 inputs with 16 products instead of 36, F(4, 3) 4x4 of 6x6 with 36 instead of 144. Their points are
// {0, +-1, inf} and {0, +-sqrt(1/2), +-sqrt(2), inf}: errors near 1.2 and 2 times those of direct sums. An infinity or NaN in the input
// spreads over the tiles that see it.
enum class WinogradTile { f23, f43 };

// torch.nn.functional.conv2d of kernel 3, stride 1, dilation 1, groups 1. `weight` is [y.c][x.c][3][3]; pad_h and pad_w are the zeros
// above and before the image; y's extents imply the rest. Inputs [x, residual?], outputs [y].
std::unique_ptr<Operator> make_winograd(WinogradTile tile, const Image& x, const Image& y, int64_t pad_h,
                                        int64_t pad_w, const float* weight, const Fusion& fusion,
                                        const isa::Kernels& kernels, Packs& packs);

// Floats that its packed weights take: 4 or 16 / 9 times those of the plain ones, and what fills the last panel.
int64_t winograd_pack_floats(WinogradTile tile, int64_t in_channels, int64_t out_channels,
                             const isa::Kernels& kernels);

// About how long a 3x3 convolution of stride 1 takes, in multiply-adds of a product at full speed: what a plan compares to choose. The
// direct one costs 9 * pixels * channels * channels.
double winograd_cost(WinogradTile tile, const Image& x, const Image& y);
double direct_cost(const Image& x, const Image& y);

}  // namespace sconce::engine
