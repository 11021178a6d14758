// Elements from a file into memory, in this machine's byte order.
#pragma once
#include "bytes.h"

#include <sconce/checkpoint.h>

#include <algorithm>

namespace sconce {

// Copies `from` to `to`, turning each number of a dtype stored in `order` to native order; complex numbers
// half by half. Booleans become 0 or 1, whatever nonzero byte stood there. from.size() is a multiple of
// size_of(dtype).
inline void copy_numbers(DType dtype, Bytes from, std::endian order, void* to) {
  if (from.empty()) return;
  auto* out = static_cast<std::byte*>(to);
  const size_t width = is_complex(dtype) ? size_of(dtype) / 2 : size_of(dtype);
  if (dtype == DType::boolean) {
    for (std::byte b : from) *out++ = b == std::byte{0} ? std::byte{0} : std::byte{1};
  } else if (order == std::endian::native || width == 1) {
    std::memcpy(out, from.data(), from.size());
  } else {
    for (size_t i = 0; i < from.size(); i += width) std::reverse_copy(&from[i], &from[i] + width, out + i);
  }
}

// Throws ErrorKind::out_of_budget when `bytes` are more than budget.materialized_bytes.
inline void check_budget(const char* op, uint64_t bytes, const Budget& budget) {
  if (bytes > budget.materialized_bytes)
    fail(ErrorKind::out_of_budget, "[", op, "] the data takes ", bytes, " bytes, the budget allows ",
         budget.materialized_bytes);
}

}  // namespace sconce
