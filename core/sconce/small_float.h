// The floating-point formats below 32 bits: storage types that convert to and from float and do no arithmetic of their own.
#pragma once
#include <cstdint>

namespace sconce {

// Every conversion from float rounds to nearest even and follows PyTorch (c10/util/Half.h, BFloat16.h, Float8_*.h):
// e4m3fn and the fnuz types have no infinity, so what is out of range becomes NaN; f16, bf16 and e5m2 overflow to infinity.
struct Half {  // IEEE binary16
  uint16_t bits = 0;
  Half() = default;
  explicit Half(float value);
  explicit operator float() const;
  static constexpr Half from_bits(uint16_t b) { Half h; h.bits = b; return h; }
};

struct BFloat16 {  // the upper half of a binary32
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value);
  explicit operator float() const;
  static constexpr BFloat16 from_bits(uint16_t b) { BFloat16 h; h.bits = b; return h; }
};

struct Float8_e4m3fn {  // bias 7, largest 448, NaN 0x7f and 0xff, no infinity
  uint8_t bits = 0;
  Float8_e4m3fn() = default;
  explicit Float8_e4m3fn(float value);
  explicit operator float() const;
};

struct Float8_e5m2 {  // bias 15, largest 57344, IEEE-like
  uint8_t bits = 0;
  Float8_e5m2() = default;
  explicit Float8_e5m2(float value);
  explicit operator float() const;
};

struct Float8_e4m3fnuz {  // bias 8, largest 240, NaN 0x80 only, no infinity, no negative zero
  uint8_t bits = 0;
  Float8_e4m3fnuz() = default;
  explicit Float8_e4m3fnuz(float value);
  explicit operator float() const;
};

struct Float8_e5m2fnuz {  // bias 16, largest 57344, NaN 0x80 only, no infinity, no negative zero
  uint8_t bits = 0;
  Float8_e5m2fnuz() = default;
  explicit Float8_e5m2fnuz(float value);
  explicit operator float() const;
};

struct Float8_e8m0fnu {  // a power of two: 2^(bits - 127), NaN 0xff
  uint8_t bits = 0;
  Float8_e8m0fnu() = default;
  explicit Float8_e8m0fnu(float value);
  explicit operator float() const;
};

}  // namespace sconce
