// Padding that repeats elements of its operand.
#include <sconce/kernels/pad.h>
#include <sconce/tensor.h>

#include <cstring>
#include <vector>

#include "cpu/cpu_backend.h"

namespace sconce {

void CpuBackend::pad(PadMode mode, const Tensor& x, const std::vector<int64_t>& before, Tensor& out) {
  const size_t rank = static_cast<size_t>(out.dim());
  const size_t size = size_of(x.dtype());
  if (rank == 0) return;  // a scalar has no side to pad
  // Byte offset of the source element for each position of each dimension.
  std::vector<std::vector<int64_t>> source(rank);
  for (size_t d = 0; d < rank; ++d) {
    const int64_t axis = static_cast<int64_t>(d), extent = x.size(axis);
    for (int64_t i = 0; i < out.size(axis); ++i)
      source[d].push_back(kernels::padded_index(mode, i, before[d], extent) * x.stride(axis) *
                          static_cast<int64_t>(size));
  }
  const char* from = static_cast<const char*>(x.data());
  char* to = static_cast<char*>(out.mutable_data());
  const std::vector<int64_t>& inner = source.back();
  std::vector<size_t> position(rank, 0);
  for (int64_t row = 0, rows = out.numel() / static_cast<int64_t>(inner.size()); row < rows; ++row) {
    const char* start = from;
    for (size_t d = 0; d + 1 < rank; ++d) start += source[d][position[d]];
    for (int64_t offset : inner) {
      std::memcpy(to, start + offset, size);
      to += size;
    }
    for (size_t d = rank - 1; d-- > 0;) {
      if (++position[d] < source[d].size()) break;
      position[d] = 0;
    }
  }
}

}  // namespace sconce
