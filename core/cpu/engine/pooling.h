// Pooling over windows of pixels.
#pragma once
#include <memory>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/window.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// Inputs [x], outputs [y]. y's extents say whether ceil_mode was on: windows may hang over the padded image's end.

// torch.nn.functional.max_pool2d; a NaN in the window wins.
std::unique_ptr<Operator> make_max_pool(const Image& x, const Image& y, const Window& window,
                                        const isa::Kernels& kernels);
// torch.nn.functional.avg_pool2d; divisor 0 means the window's size. No dilation.
std::unique_ptr<Operator> make_avg_pool(const Image& x, const Image& y, const Window& window,
                                        bool count_include_pad, int64_t divisor, const isa::Kernels& kernels);
// torch.nn.functional.adaptive_avg_pool2d (a y of 1x1 is the global mean) and adaptive_max_pool2d.
std::unique_ptr<Operator> make_adaptive_avg_pool(const Image& x, const Image& y, const isa::Kernels& kernels);
std::unique_ptr<Operator> make_adaptive_max_pool(const Image& x, const Image& y, const isa::Kernels& kernels);

}  // namespace sconce::engine
