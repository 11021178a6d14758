#include <sconce/dtype.h>
#include <sconce/error.h>

#include <array>

namespace sconce {
namespace {

enum class Family : uint8_t { floating, integral, boolean, complex, quantized, bits };

struct Entry {
  const char* name;
  const char* short_name;
  uint8_t size;
  Family family;
};

// In the order of DType.
constexpr std::array<Entry, dtype_count> table = {{
    {"float64", "f64", 8, Family::floating},
    {"float32", "f32", 4, Family::floating},
    {"float16", "f16", 2, Family::floating},
    {"bfloat16", "bf16", 2, Family::floating},
    {"float8_e4m3fn", "f8_e4m3fn", 1, Family::floating},
    {"float8_e5m2", "f8_e5m2", 1, Family::floating},
    {"float8_e4m3fnuz", "f8_e4m3fnuz", 1, Family::floating},
    {"float8_e5m2fnuz", "f8_e5m2fnuz", 1, Family::floating},
    {"float8_e8m0fnu", "f8_e8m0fnu", 1, Family::floating},
    {"float4_e2m1fn_x2", "f4_e2m1fn_x2", 1, Family::floating},
    {"int8", "i8", 1, Family::integral},
    {"int16", "i16", 2, Family::integral},
    {"int32", "i32", 4, Family::integral},
    {"int64", "i64", 8, Family::integral},
    {"uint8", "u8", 1, Family::integral},
    {"uint16", "u16", 2, Family::integral},
    {"uint32", "u32", 4, Family::integral},
    {"uint64", "u64", 8, Family::integral},
    {"bool", "boolean", 1, Family::boolean},
    {"complex32", "complex32", 4, Family::complex},
    {"complex64", "complex64", 8, Family::complex},
    {"complex128", "complex128", 16, Family::complex},
    {"bcomplex32", "bcomplex32", 4, Family::complex},
    {"qint8", "qint8", 1, Family::quantized},
    {"quint8", "quint8", 1, Family::quantized},
    {"qint32", "qint32", 4, Family::quantized},
    {"quint4x2", "quint4x2", 1, Family::quantized},
    {"quint2x4", "quint2x4", 1, Family::quantized},
    {"bits8", "bits8", 1, Family::bits},
    {"bits16", "bits16", 2, Family::bits},
    {"bits1x8", "bits1x8", 1, Family::bits},
    {"bits2x4", "bits2x4", 1, Family::bits},
    {"bits4x2", "bits4x2", 1, Family::bits},
}};

const Entry& entry(DType dtype) { return table[static_cast<size_t>(dtype)]; }

}  // namespace

size_t size_of(DType dtype) { return entry(dtype).size; }
const char* name_of(DType dtype) { return entry(dtype).name; }
const char* short_name_of(DType dtype) { return entry(dtype).short_name; }

std::optional<DType> parse_dtype(std::string_view name) {
  if (name.starts_with("torch.")) name.remove_prefix(6);
  for (int i = 0; i < dtype_count; ++i)
    if (name == table[i].name || name == table[i].short_name) return static_cast<DType>(i);
  constexpr std::pair<std::string_view, DType> aliases[] = {
      {"half", DType::f16},         {"float", DType::f32},
      {"double", DType::f64},       {"long", DType::i64},
      {"int", DType::i32},          {"short", DType::i16},
      {"cfloat", DType::complex64}, {"cdouble", DType::complex128},
      {"chalf", DType::complex32}};
  for (const auto& [alias, dtype] : aliases)
    if (name == alias) return dtype;
  return std::nullopt;
}

bool is_floating_point(DType dtype) { return entry(dtype).family == Family::floating; }
bool is_complex(DType dtype) { return entry(dtype).family == Family::complex; }
bool is_integral(DType dtype) { return entry(dtype).family == Family::integral; }
bool is_quantized(DType dtype) { return entry(dtype).family == Family::quantized; }
bool is_bits(DType dtype) { return entry(dtype).family == Family::bits; }
bool is_numeric(DType dtype) {
  return !is_quantized(dtype) && !is_bits(dtype) && dtype != DType::f4_e2m1fn_x2 &&
         dtype != DType::bcomplex32;
}

void fail_dtype(const char* op, DType dtype) {
  fail(ErrorKind::unsupported, "[", op, "] is not implemented for dtype ", name_of(dtype));
}

}  // namespace sconce
