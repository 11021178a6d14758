// The seam's other side in a build without the acted-out GPU.
#include <sconce/backend.h>

namespace sconce {
Backend* cuda_sim_backend() { return nullptr; }
}  // namespace sconce
