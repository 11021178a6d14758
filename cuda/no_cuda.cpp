// The seam's other side in a build without CUDA: there is no second backend.
#include <sconce/backend.h>

namespace sconce {
Backend* cuda_backend() { return nullptr; }
std::vector<std::string> cuda_devices() { return {}; }
std::string cuda_absence() { return "this build has no CUDA (configure with SCONCE_CUDA=ON where nvcc is)"; }
}  // namespace sconce
