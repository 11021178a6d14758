// What numpy's own pickles make.
#pragma once
#include "rebuild.h"

namespace sconce {

// BUILD of a numpy.ndarray that _reconstruct has begun: turns `target` into a tensor. False, with nothing
// done, when it is no such array or has a dtype that no tensor has.
bool build_numpy_array(PickleReader& reader, TorchMeaning& torch, Value& target, const Value& state);

}  // namespace sconce
