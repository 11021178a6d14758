// Tensors of every kind as plain ones.
#pragma once
#include <sconce/value.h>

#include <optional>
#include <string>
#include <utility>

namespace sconce::cli {

// Of a tensor, quantized or sparse value; nothing for others and for an undefined tensor.
std::optional<std::pair<Shape, DType>> shape_and_dtype(const Value& value);
// What a quantized or sparse tensor is, in a few words; empty for a plain one.
std::string form_of(const Value& value);
// All elements: a plain tensor as it is, a quantized one dequantized, a sparse one written out. Undefined for other
// values. Throws ErrorKind::out_of_budget when that would take more than 64 GiB.
Tensor dense(const Value& value);

}  // namespace sconce::cli
