// What PyTorch's copy_ refuses to put into a parameter, in its words.
#pragma once
#include <sconce/value.h>

#include <string>

namespace sconce::nn {

// Why `source` cannot be copied into a target of equal shape; empty when it can.
std::string copy_refusal(const Tensor& source, const Tensor& target);

// A tensor that Sconce keeps as a closed object: a sparse one.
bool is_closed_tensor(const Value& value);
Shape shape_of_closed_tensor(const Value& value);
std::string refusal_of_closed_tensor(const Value& value, const Tensor& target);

}  // namespace sconce::nn
