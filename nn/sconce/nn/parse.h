// Modules from text: PyTorch's constructor expressions, read as data.
#pragma once
#include <sconce/nn/sequential.h>

#include <memory>
#include <string_view>

namespace sconce::nn {

// Builds what a Python expression of torch.nn constructors says; nothing is executed. Arguments may be
// positional or named and have PyTorch's names, order and defaults; "nn." and "torch.nn." before a name are
// skipped:
//   module_from("Sequential(Conv2d(1, 16, 4, stride=2, padding=1), ReLU(), Flatten(), Linear(1568, 100))")
// The text that PyTorch prints for such a module is read too: "Sequential(\n  (0): Linear(in_features=2,
// ...". Knows every layer of <sconce/nn/nn.h>, Sequential, and OrderedDict([("name", layer), ...]) inside
// Sequential; MultiheadAttention and TransformerEncoderLayer only as constructors, since PyTorch prints too little of
// them. Throws ErrorKind::invalid_argument that says what was expected, and at which column.
std::unique_ptr<Module> module_from(std::string_view expression);
// The same for a Sequential; other modules become its only child.
Sequential sequential_from(std::string_view expression);

}  // namespace sconce::nn
