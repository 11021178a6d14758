// Is a zip archive one that numpy.savez wrote?
#pragma once
#include "bytes.h"

namespace sconce {

// By the name of the first member, which torch.save never ends with ".npy".
bool is_npz(Bytes bytes);

}  // namespace sconce
