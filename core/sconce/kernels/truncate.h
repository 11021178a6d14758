// A floating number to an integer, towards zero: as PyTorch's Tensor.to() does it on x86, on every device.
#pragma once
#include <cstdint>
#include <type_traits>

#include <sconce/kernels/host_device.h>

namespace sconce::kernels {

// What the target cannot hold is undefined in C++; here it is what x86's conversion instructions make of it: the lowest value of
// the integer they convert to, cut to the target's width. From is float or double, To an integer other than bool.
template <class To, class From>
SCONCE_HOST_DEVICE constexpr To truncate_to(From value) {
  constexpr From two63 = static_cast<From>(9223372036854775808.0);
  constexpr int64_t lowest = INT64_MIN;
  if constexpr (std::is_same_v<To, uint64_t>) {
    if (value >= two63) {
      const From rest = value - two63;
      return static_cast<uint64_t>(rest < two63 ? static_cast<int64_t>(rest) : lowest) ^ (uint64_t{1} << 63);
    }
  }
  if constexpr (sizeof(To) == 2 || (std::is_signed_v<To> && sizeof(To) <= 4)) {
    constexpr From two31 = static_cast<From>(2147483648.0);
    // Float has no value between -2^31 - 1 and -2^31, double has.
    const bool fits = value < two31 && (sizeof(From) == 4 ? value >= -two31 : value > -two31 - 1);
    return static_cast<To>(fits ? static_cast<int32_t>(value) : INT32_MIN);
  }
  return static_cast<To>(value >= -two63 && value < two63 ? static_cast<int64_t>(value) : lowest);
}

}  // namespace sconce::kernels
