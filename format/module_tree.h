// The state_dict of a module that was pickled whole, read from its instance without its code.
#pragma once
#include <sconce/state_dict.h>

namespace sconce {

// An instance of torch.nn.Module, as torch.save(model) leaves it: an object whose state has `_parameters`, `_buffers`
// and `_modules`. A TorchScript module has the same as pairs (torchscript.h).
bool is_module(const Value& value);

// What module.state_dict() gives: the parameters, the persistent buffers, then each child under its name, in the order
// of registration; None is left out. A wrapper such as DataParallel is a module with the child "module". `_metadata` has
// version 1 for each module, and 2 where batches are counted, as PyTorch's norm classes have it; what a class of the
// file's own would add (its extra state, another version) cannot be known. Throws ErrorKind::out_of_budget when modules
// that stand in many places would give far more entries than there are tensors.
StateDict module_state_dict(const Value& module);

// Entries of module_state_dict(); fewer where that would throw.
size_t count_module_entries(const Value& module);

}  // namespace sconce
