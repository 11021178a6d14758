// The floating-point formats below 32 bits: storage types that convert to and from float and do no arithmetic
// of their own.
#pragma once
#include <bit>
#include <cstdint>

namespace sconce {

// Every conversion from float rounds to nearest even and gives PyTorch's bits (c10/util/Half.h, BFloat16.h,
// Float8_*.h): e4m3fn and the fnuz types have no infinity, so what is out of range becomes NaN; f16, bf16 and
// e5m2 overflow to infinity. f16 keeps the sign and the upper payload bits of a NaN and makes it quiet, as
// the conversion instructions of CPUs do.
struct Half {  // IEEE binary16
  uint16_t bits = 0;
  Half() = default;
  explicit constexpr Half(float value);
  explicit constexpr operator float() const;
  static constexpr Half from_bits(uint16_t b) {
    Half h;
    h.bits = b;
    return h;
  }
};

struct BFloat16 {  // the upper half of a binary32; every NaN becomes 0x7fc0
  uint16_t bits = 0;
  BFloat16() = default;
  explicit constexpr BFloat16(float value);
  explicit constexpr operator float() const;
  static constexpr BFloat16 from_bits(uint16_t b) {
    BFloat16 h;
    h.bits = b;
    return h;
  }
};

struct Float8_e4m3fn {  // bias 7, largest 448, NaN 0x7f and 0xff, no infinity
  uint8_t bits = 0;
  Float8_e4m3fn() = default;
  explicit constexpr Float8_e4m3fn(float value);
  explicit constexpr operator float() const;
  static constexpr Float8_e4m3fn from_bits(uint8_t b) {
    Float8_e4m3fn h;
    h.bits = b;
    return h;
  }
};

struct Float8_e5m2 {  // bias 15, largest 57344, IEEE-like
  uint8_t bits = 0;
  Float8_e5m2() = default;
  explicit constexpr Float8_e5m2(float value);
  explicit constexpr operator float() const;
  static constexpr Float8_e5m2 from_bits(uint8_t b) {
    Float8_e5m2 h;
    h.bits = b;
    return h;
  }
};

struct Float8_e4m3fnuz {  // bias 8, largest 240, NaN 0x80 only, no infinity, no negative zero
  uint8_t bits = 0;
  Float8_e4m3fnuz() = default;
  explicit constexpr Float8_e4m3fnuz(float value);
  explicit constexpr operator float() const;
  static constexpr Float8_e4m3fnuz from_bits(uint8_t b) {
    Float8_e4m3fnuz h;
    h.bits = b;
    return h;
  }
};

struct Float8_e5m2fnuz {  // bias 16, largest 57344, NaN 0x80 only, no infinity, no negative zero
  uint8_t bits = 0;
  Float8_e5m2fnuz() = default;
  explicit constexpr Float8_e5m2fnuz(float value);
  explicit constexpr operator float() const;
  static constexpr Float8_e5m2fnuz from_bits(uint8_t b) {
    Float8_e5m2fnuz h;
    h.bits = b;
    return h;
  }
};

struct Float8_e8m0fnu {  // a power of two: 2^(bits - 127), NaN 0xff; the sign is dropped, zero becomes 2^-127
  uint8_t bits = 0;
  Float8_e8m0fnu() = default;
  explicit constexpr Float8_e8m0fnu(float value);
  explicit constexpr operator float() const;
  static constexpr Float8_e8m0fnu from_bits(uint8_t b) {
    Float8_e8m0fnu h;
    h.bits = b;
    return h;
  }
};

// ---- implementation ----

namespace detail {

inline constexpr uint32_t float_infinity = 0x7f800000u;

// Rounds a finite magnitude (the bits of a float without its sign) to a format of `Mantissa` bits and
// exponent bias `Bias`. What passes the largest exponent runs on upwards, so that the caller compares the
// code with its own largest.
template <int Mantissa, int Bias>
constexpr uint32_t round_magnitude(uint32_t magnitude) {
  constexpr int dropped = 23 - Mantissa;
  constexpr uint32_t smallest_normal = static_cast<uint32_t>(128 - Bias) << 23;
  if (magnitude < smallest_normal) {
    // Adding 2^k, whose last place is the format's denormal step, lets the float unit do the rounding.
    constexpr float step = std::bit_cast<float>(static_cast<uint32_t>(128 - Bias + dropped) << 23);
    return std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + step) - std::bit_cast<uint32_t>(step);
  }
  constexpr uint32_t rebias = static_cast<uint32_t>(127 - Bias) << 23;
  const uint32_t odd = magnitude >> dropped & 1;
  return (magnitude - rebias + (1u << (dropped - 1)) - 1 + odd) >> dropped;
}

// The float of a finite code (without its sign) of such a format.
template <int Mantissa, int Bias>
constexpr float widen(uint32_t code) {
  constexpr float denormal_step = std::bit_cast<float>(static_cast<uint32_t>(128 - Bias - Mantissa) << 23);
  if (code < (1u << Mantissa)) return static_cast<float>(code) * denormal_step;
  return std::bit_cast<float>((code << (23 - Mantissa)) + (static_cast<uint32_t>(127 - Bias) << 23));
}

constexpr float with_sign(float magnitude, uint32_t sign_bit) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign_bit);
}

// The fnuz formats: no infinity and one NaN, which has the place of negative zero.
template <int Mantissa, int Bias>
constexpr uint8_t encode_fnuz(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffffu;
  if (magnitude >= (static_cast<uint32_t>(127 + 32) << 23)) return 0x80;
  const uint32_t code = round_magnitude<Mantissa, Bias>(magnitude);
  if (code > 0x7f) return 0x80;
  return static_cast<uint8_t>(code == 0 ? 0 : code | (bits >> 24 & 0x80));
}

template <int Mantissa, int Bias>
constexpr float decode_fnuz(uint8_t bits) {
  if (bits == 0x80) return std::bit_cast<float>(float_infinity + 1);
  return with_sign(widen<Mantissa, Bias>(bits & 0x7fu), static_cast<uint32_t>(bits & 0x80u) << 24);
}

}  // namespace detail

constexpr Half::Half(float value) {
  const uint32_t b = std::bit_cast<uint32_t>(value), magnitude = b & 0x7fffffffu, sign = b >> 16 & 0x8000u;
  uint32_t code = 0x7c00;
  if (magnitude > detail::float_infinity)
    code = 0x7e00u | (magnitude >> 13 & 0x3ffu);
  else if (magnitude < (143u << 23))
    code = detail::round_magnitude<10, 15>(magnitude);  // below 2^16
  bits = static_cast<uint16_t>(sign | code);
}

constexpr Half::operator float() const {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16, code = bits & 0x7fffu;
  if (code > 0x7c00) return std::bit_cast<float>(sign | 0x7fc00000u | (code & 0x3ffu) << 13);
  if (code == 0x7c00) return std::bit_cast<float>(sign | detail::float_infinity);
  return detail::with_sign(detail::widen<10, 15>(code), sign);
}

constexpr BFloat16::BFloat16(float value) {
  const uint32_t b = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (b + 0x7fffu + (b >> 16 & 1)) >> 16;
  bits = static_cast<uint16_t>((b & 0x7fffffffu) > detail::float_infinity ? 0x7fc0u : rounded);
}

constexpr BFloat16::operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

constexpr Float8_e4m3fn::Float8_e4m3fn(float value) {
  const uint32_t b = std::bit_cast<uint32_t>(value), magnitude = b & 0x7fffffffu;
  uint32_t code = magnitude > detail::float_infinity ? 0x7f : 0x7e;
  if (magnitude < 0x43e00000u) code = detail::round_magnitude<3, 7>(magnitude);  // below 448
  bits = static_cast<uint8_t>((b >> 24 & 0x80u) | code);
}

constexpr Float8_e4m3fn::operator float() const {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x80u) << 24, code = bits & 0x7fu;
  if (code == 0x7f) return std::bit_cast<float>(sign | 0x7ff00000u);
  return detail::with_sign(detail::widen<3, 7>(code), sign);
}

constexpr Float8_e5m2::Float8_e5m2(float value) {
  const uint32_t b = std::bit_cast<uint32_t>(value), magnitude = b & 0x7fffffffu;
  uint32_t code = magnitude > detail::float_infinity ? 0x7f : 0x7c;
  if (magnitude < (143u << 23)) code = detail::round_magnitude<2, 15>(magnitude);  // below 2^16
  bits = static_cast<uint8_t>((b >> 24 & 0x80u) | code);
}

constexpr Float8_e5m2::operator float() const {
  return static_cast<float>(Half::from_bits(static_cast<uint16_t>(bits << 8)));
}

constexpr Float8_e4m3fnuz::Float8_e4m3fnuz(float value) : bits(detail::encode_fnuz<3, 8>(value)) {}
constexpr Float8_e4m3fnuz::operator float() const { return detail::decode_fnuz<3, 8>(bits); }

constexpr Float8_e5m2fnuz::Float8_e5m2fnuz(float value) : bits(detail::encode_fnuz<2, 16>(value)) {}
constexpr Float8_e5m2fnuz::operator float() const { return detail::decode_fnuz<2, 16>(bits); }

constexpr Float8_e8m0fnu::Float8_e8m0fnu(float value) {
  const uint32_t magnitude = std::bit_cast<uint32_t>(value) & 0x7fffffffu;
  const uint32_t exponent = magnitude >> 23;
  // Half and more rounds up; a tie does so from every exponent but the lowest.
  const bool up = (magnitude & 0x400000u) != 0 && ((magnitude & 0x3fffffu) != 0 || exponent > 0);
  bits = static_cast<uint8_t>(exponent == 0xff ? 0xffu : exponent + (up ? 1 : 0));
}

constexpr Float8_e8m0fnu::operator float() const {
  if (bits == 0xff) return std::bit_cast<float>(detail::float_infinity + 1);
  return std::bit_cast<float>(bits == 0 ? 0x400000u : static_cast<uint32_t>(bits) << 23);
}

}  // namespace sconce
