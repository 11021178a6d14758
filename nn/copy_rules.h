// What PyTorch's copy_ refuses to put into a parameter, in its words.
#pragma once
#include <sconce/value.h>

#include <string>

namespace sconce::nn {

// Why `source` cannot be copied into a target of equal shape; empty when it can.
std::string copy_refusal(const Tensor& source, const Tensor& target);

// A sparse or quantized tensor, which no parameter takes as it is.
bool is_special_tensor(const Value& value);
const Shape& shape_of_special_tensor(const Value& value);
std::string refusal_of_special_tensor(const Value& value, const Tensor& target);

}  // namespace sconce::nn
