#include "cpu/cpu_backend.h"

#include <sconce/error.h>

#include <cstdlib>

namespace sconce {

namespace {

// Smaller blocks the C library keeps itself.
constexpr size_t smallest_spare = 32 << 10, most_spare = size_t{32} << 20;

}  // namespace

CpuBackend::CpuBackend() : spares_(std::make_shared<SpareBlocks>(most_spare)) {}

Backend& cpu_backend() {
  static CpuBackend backend;
  return backend;
}

std::shared_ptr<void> CpuBackend::allocate(size_t nbytes, int) {
  constexpr size_t alignment = 64;
  if (nbytes >= smallest_spare && nbytes <= most_spare / 2)
    if (auto block = spares_->allocate(nbytes)) return block;
  void* bytes = nullptr;
  constexpr size_t address_space = size_t{1} << 47;  // beyond it no allocator need be asked
  if (nbytes < address_space) bytes = std::aligned_alloc(alignment, (nbytes / alignment + 1) * alignment);
  if (!bytes) fail(ErrorKind::out_of_budget, "[allocate] cannot have ", nbytes, " bytes of memory");
  return {bytes, std::free};
}

}  // namespace sconce
