// Weights in narrow types, eight at a time: AVX2 and F16C. Included by gemm_avx2.cpp alone, inside its unnamed namespace.

struct Bf16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  static Vec load(const uint16_t* p) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16))};
  }
};
struct F16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  static Vec load(const uint16_t* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
};
struct I8Weights {
  using Type = int8_t;
  static constexpr bool scaled = true;
  static Vec load(const int8_t* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes))};
  }
};
