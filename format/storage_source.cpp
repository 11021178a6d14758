// What the two containers have in common about a storage's bytes.
#include "storage_source.h"

#include <algorithm>

namespace sconce {

void swap_bytes(void* data, uint64_t nbytes, size_t unit) {
  auto* at = static_cast<char*>(data);
  if (unit < 2) return;
  for (uint64_t i = 0; i + unit <= nbytes; i += unit) std::reverse(at + i, at + i + unit);
}

void check_bools(const void* data, size_t nbytes) {
  const auto* from = static_cast<const unsigned char*>(data);
  const auto* bad = std::find_if(from, from + nbytes, [](unsigned char c) { return c > 1; });
  if (bad != from + nbytes)
    fail(ErrorKind::corrupt, "expected 0 and 1 in a bool tensor, got ", static_cast<int>(*bad), " at byte ",
         bad - from);
}

size_t number_size(DType dtype) { return is_complex(dtype) ? size_of(dtype) / 2 : size_of(dtype); }

}  // namespace sconce
