// Strided copies and casts.
#include <sconce/tensor.h>

#include <cstring>

#include "cpu/cpu_backend.h"

namespace sconce {

void CpuBackend::copy(const Tensor& source, Tensor& target) {
  if (source.dtype() == target.dtype() && source.is_contiguous() && target.is_contiguous()) {
    if (source.nbytes() > 0) std::memcpy(target.mutable_data(), source.data(), static_cast<size_t>(source.nbytes()));
    return;
  }
  fail_dtype("copy", source.dtype());
}

}  // namespace sconce
