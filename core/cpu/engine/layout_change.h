// Between PyTorch's order of images and that of the plan, and between pitches.
#pragma once
#include <memory>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// A dense [n, c, h, w] to the image y. Inputs [planes], outputs [y].
std::unique_ptr<Operator> make_planes_to_image(const Image& y, const isa::Kernels& kernels);
// The image x to a dense [n, c, h, w]. Inputs [x], outputs [planes].
std::unique_ptr<Operator> make_image_to_planes(const Image& x, const isa::Kernels& kernels);
// The same pixels with another pitch: into or out of a slice of a wider image. Inputs [x], outputs [y].
std::unique_ptr<Operator> make_copy(const Image& x, const Image& y, const isa::Kernels& kernels);

}  // namespace sconce::engine
