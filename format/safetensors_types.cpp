// The dtypes of the safetensors format.
#include "safetensors_header.h"

namespace sconce {
namespace {

// In the order in which the format lays tensors out in a file.
constexpr SafetensorsType types[] = {
    {"U64", 64, DType::u64},
    {"I64", 64, DType::i64},
    {"F64", 64, DType::f64},
    {"C64", 64, DType::complex64},
    {"F32", 32, DType::f32},
    {"U32", 32, DType::u32},
    {"I32", 32, DType::i32},
    {"BF16", 16, DType::bf16},
    {"F16", 16, DType::f16},
    {"U16", 16, DType::u16},
    {"I16", 16, DType::i16},
    {"F8_E5M2FNUZ", 8, DType::f8_e5m2fnuz},
    {"F8_E4M3FNUZ", 8, DType::f8_e4m3fnuz},
    {"F8_E8M0", 8, DType::f8_e8m0fnu},
    {"F8_E4M3", 8, DType::f8_e4m3fn},
    {"F8_E5M2", 8, DType::f8_e5m2},
    {"I8", 8, DType::i8},
    {"U8", 8, DType::u8},
    {"F6_E3M2", 6, std::nullopt},
    {"F6_E2M3", 6, std::nullopt},
    {"F4", 4, DType::f4_e2m1fn_x2},
    {"BOOL", 8, DType::boolean},
};

}  // namespace

const SafetensorsType* safetensors_type(std::string_view name) {
  for (const SafetensorsType& t : types)
    if (t.name == name) return &t;
  return nullptr;
}

const SafetensorsType* safetensors_type(DType dtype) {
  for (const SafetensorsType& t : types)
    if (t.dtype == dtype) return &t;
  return nullptr;
}

int safetensors_rank(const SafetensorsType& type) { return static_cast<int>(&type - types); }

std::optional<uint64_t> safetensors_nbytes(const SafetensorsType& type, const std::vector<int64_t>& shape) {
  int64_t bits = type.bits;
  bool empty = false;
  for (const int64_t n : shape) {
    empty |= n == 0;
    if (n != 0 && !checked_multiply(bits, n, bits)) return std::nullopt;
  }
  if (empty) return 0;
  if (bits % 8 != 0) return std::nullopt;
  return static_cast<uint64_t>(bits / 8);
}

}  // namespace sconce
