// Which element lies at a padded position, for every backend.
#pragma once
#include <sconce/kernels/host_device.h>
#include <sconce/kernels/op_codes.h>

namespace sconce::kernels {

// The source index of position i of an extent n that has `before` elements in front; |padding| fits the
// mode's limits.
SCONCE_HOST_DEVICE inline int64_t padded_index(PadMode mode, int64_t i, int64_t before, int64_t n) {
  const int64_t at = i - before;
  if (mode == PadMode::replicate) return at < 0 ? 0 : at >= n ? n - 1 : at;
  if (mode == PadMode::reflect) return at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at;
  return at < 0 ? at + n : at >= n ? at - n : at;
}

}  // namespace sconce::kernels
