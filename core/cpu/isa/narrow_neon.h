// Weights in narrow types, four at a time: NEON of aarch64. Included by gemm_neon.cpp alone, inside its unnamed namespace.

struct Bf16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  static Vec load(const uint16_t* p) { return {vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16))}; }
};
struct F16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  static Vec load(const uint16_t* p) { return {vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)))}; }
};
struct I8Weights {
  using Type = int8_t;
  static constexpr bool scaled = true;
  static Vec load(const int8_t* p) {
    int32_t four;
    __builtin_memcpy(&four, p, sizeof four);
    const int8x8_t bytes = vreinterpret_s8_s32(vdup_n_s32(four));
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(bytes))))};
  }
};
