// Softmax over channels.
#pragma once
#include <memory>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// y = softmax(x) over the channels of each pixel, or its logarithm. aten.softmax.int, aten.log_softmax.int. Inputs [x], outputs [y]; y may
// be x.
std::unique_ptr<Operator> make_softmax(const Image& x, const Image& y, bool logarithm,
                                       const isa::Kernels& kernels);

}  // namespace sconce::engine
