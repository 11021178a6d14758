// Layers by the names of their Python classes.
#pragma once
#include <sconce/nn/module.h>

#include <memory>

#include "expression.h"

namespace sconce::nn {

// The layer that a call such as Linear(2, 3) means; null when no layer has that name. Throws
// ErrorKind::invalid_argument on arguments that do not fit.
std::unique_ptr<Module> make_layer(const Expression& call);
// The names, separated by ", ".
std::string layer_names();

}  // namespace sconce::nn
