// Bytes read ahead of their use, on all threads.
#pragma once
#include <sconce/state_dict.h>

#include <vector>

namespace sconce {

// Has the bytes under these tensors read from their files now, checked and brought into their form where that was left for their first
// use, on num_threads() threads, whichever is free next: each record by one of them. Copies no byte that data() would not copy.
// Tensors that are on no CPU, or undefined, are left as they are. Throws what data() throws of the first tensor, in their order, that
// cannot be read; the others may be read or not.
void prefetch(const std::vector<Tensor>& tensors);
// The same for every tensor of a state_dict, the parts of quantized and sparse ones too. Module::load_state_dict does it by itself for
// the tensors that it takes.
void prefetch(const StateDict& state);

}  // namespace sconce
