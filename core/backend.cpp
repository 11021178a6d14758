#include <sconce/backend.h>
#include <sconce/error.h>

namespace sconce {

Backend& backend_of(Device device) {
  switch (device.type) {
    case Device::Type::cpu: return cpu_backend();
    case Device::Type::cuda:
      if (Backend* backend = cuda_backend()) return *backend;
      fail(ErrorKind::device, "no CUDA device: ", cuda_absence(), "; use map_location cpu");
    case Device::Type::cuda_sim:
      if (Backend* backend = cuda_sim_backend()) return *backend;
      fail(ErrorKind::device, "no device cuda:sim: this build was configured with SCONCE_CUDA_SIM=OFF");
    case Device::Type::meta: break;
  }
  fail(ErrorKind::device, "device meta has no backend: its tensors have no data");
}

}  // namespace sconce
