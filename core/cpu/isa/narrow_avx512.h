// Weights in narrow types, sixteen at a time: AVX-512. Included by gemm_avx512.cpp alone, inside its unnamed namespace.

struct Bf16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  static Vec load(const uint16_t* p) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
  }
};
struct F16Weights {
  using Type = uint16_t;
  static constexpr bool scaled = false;
  static Vec load(const uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
};
struct I8Weights {
  using Type = int8_t;
  static constexpr bool scaled = true;
  static Vec load(const int8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))};
  }
};
