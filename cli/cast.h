// A state_dict in another form, its ties and views kept.
#pragma once
#include <sconce/state_dict.h>

namespace sconce::cli {

// Floating-point tensors cast to `dtype` when their bytes are first used;
// names that share bytes go on sharing. Other tensors and values stay.
StateDict with_dtype(const StateDict& state, DType dtype);
// Quantized and sparse tensors as plain ones.
StateDict with_dense_tensors(const StateDict& state);

}  // namespace sconce::cli
