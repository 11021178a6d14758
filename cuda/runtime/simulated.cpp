// The memory of the acted-out GPU: the host's, filled with NaN before use. Its stream does everything at once.
#include <sconce/backend.h>
#include <sconce/error.h>

#include <cstdlib>
#include <cstring>

#include "ops/cuda_backend.h"
#include "runtime/properties.h"
#include "runtime/runtime.h"

namespace sconce {

namespace gpu_sim {

cudaStream_t stream_of(int) { return nullptr; }
GpuProperties properties_of(int) { return simulated_gpu; }

std::shared_ptr<void> allocate_on(int, size_t nbytes) {
  constexpr size_t alignment = 256, address_space = size_t{1} << 47;
  const size_t taken = (nbytes / alignment + 1) * alignment;
  void* const bytes = nbytes < address_space ? std::aligned_alloc(alignment, taken) : nullptr;
  if (!bytes)
    fail(ErrorKind::out_of_budget, "[allocate] cannot have ", nbytes, " bytes of memory for cuda:sim");
  std::memset(bytes, 0xFF, taken);
  return {bytes, std::free};
}

void copy_in(int, void* to, const void* from, size_t nbytes) { std::memcpy(to, from, nbytes); }
void copy_out(int, void* to, const void* from, size_t nbytes) { std::memcpy(to, from, nbytes); }
void copy_within(int, void* to, const void* from, size_t nbytes) { std::memmove(to, from, nbytes); }

}  // namespace gpu_sim

Backend* cuda_sim_backend() {
  static gpu_sim::CudaBackend backend(Device::Type::cuda_sim);
  return &backend;
}

}  // namespace sconce
