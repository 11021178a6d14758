// The seam's other side in a build without CUDA: there is no second backend.
#include <sconce/backend.h>

namespace sconce {
Backend* cuda_backend() { return nullptr; }
}  // namespace sconce
