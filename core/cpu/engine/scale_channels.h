// Channels times a factor of their own.
#pragma once
#include <memory>

#include "cpu/engine/fusion.h"
#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// y = activation(x * factors[image][channel] + residual): squeeze-and-excitation's last step. `fusion` gives residual and activation
// alone. Inputs [x, factors, residual?], outputs [y]; image b's factors begin at b * factors_pitch. y may be x.
std::unique_ptr<Operator> make_scale_channels(const Image& x, int64_t factors_pitch, const Image& y,
                                              const Fusion& fusion, const isa::Kernels& kernels);

// y = activation(x * scale[channel] + shift[channel] + residual): a batch norm that no convolution takes up. Inputs [x, residual?],
// outputs [y]. y may be x.
std::unique_ptr<Operator> make_channel_affine(const Image& x, const Image& y, const Fusion& fusion,
                                              const isa::Kernels& kernels, Packs& packs);

}  // namespace sconce::engine
