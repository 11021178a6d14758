// Images of another size.
#pragma once
#include <sconce/kernel_args.h>

#include <array>
#include <memory>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// torch.nn.functional.interpolate, modes nearest, nearest-exact and bilinear (without antialias). `factors` are the scale factors (of
// height and width) that the caller gave; 0: the quotient of the sizes. Inputs [x], outputs [y].
std::unique_ptr<Operator> make_upsample(const Image& x, const Image& y, Resampling mode, bool align_corners,
                                        const std::array<double, 2>& factors, const isa::Kernels& kernels);

}  // namespace sconce::engine
