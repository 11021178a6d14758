// Elements from one set of strides to another.
#pragma once
#include <sconce/tensor.h>

#include <memory>

#include "cpu/engine/operator.h"

namespace sconce::plan {

// Copies `from` to `to`: tensors of one shape and dtype whose storages need no bytes. Inputs [the element that from's offset names], outputs
// [the element that to's offset names]. Reads and writes nothing else.
std::unique_ptr<engine::Operator> make_strided_copy(const Tensor& from, const Tensor& to);

// Sets every element of `to` to the f32 `value`. No inputs, outputs [the first element].
std::unique_ptr<engine::Operator> make_fill(const Tensor& to, float value);

}  // namespace sconce::plan
