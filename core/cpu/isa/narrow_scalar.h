// Weights in narrow types on any machine. Included by gemm_scalar.cpp alone, inside its unnamed namespace.

struct Bf16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  static Vec load(const uint16_t* p) {
    return Vec::each([=](int i) {
      const uint32_t bits = static_cast<uint32_t>(p[i]) << 16;
      float x;
      __builtin_memcpy(&x, &bits, sizeof x);
      return x;
    });
  }
};
struct F16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  // Exponent and fraction move to their places, the exponent by the difference of the biases. Subnormal ones are whole numbers of
  // 2^-24, told apart because they would be lost where such numbers count as zero. (Weights are finite.)
  static float wide(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, rest = half & 0x7fffu;
    if (rest < 0x0400u) {
      const float tiny = static_cast<float>(rest) * 0x1p-24f;
      return sign ? -tiny : tiny;
    }
    const uint32_t bits = sign | ((rest << 13) + (112u << 23));
    float x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
  }
  static Vec load(const uint16_t* p) {
    return Vec::each([=](int i) { return wide(p[i]); });
  }
};
struct I8Weights {
  using Type = int8_t;
  static constexpr bool scaled = true;
  static Vec load(const int8_t* p) {
    return Vec::each([=](int i) { return static_cast<float>(p[i]); });
  }
};
