// Element types: every dtype that PyTorch can write, with its size and names.
#pragma once
#include <sconce/small_float.h>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sconce {

// As torch.dtype. The quantized and bits types and bcomplex32 (two bfloat16 values) are storage formats: they load, print and save, and no
// op computes on them.
// clang-format off
enum class DType : uint8_t {
  f64, f32, f16, bf16,
  f8_e4m3fn, f8_e5m2, f8_e4m3fnuz, f8_e5m2fnuz, f8_e8m0fnu, f4_e2m1fn_x2,
  i8, i16, i32, i64, u8, u16, u32, u64, boolean,
  complex32, complex64, complex128, bcomplex32,
  qint8, quint8, qint32, quint4x2, quint2x4,
  bits8, bits16, bits1x8, bits2x4, bits4x2,
};
// clang-format on
inline constexpr int dtype_count = 33;

// Bytes of one element (of one byte-sized pack for f4_e2m1fn_x2, quint4x2, quint2x4 and bits1x8..4x2).
size_t size_of(DType dtype);
// PyTorch's name without "torch.": "float32", "bfloat16", "float8_e4m3fn", "bool", "quint4x2".
const char* name_of(DType dtype);
// The short name of the enumerator: "f32", "bf16", "boolean".
const char* short_name_of(DType dtype);
// Accepts both kinds of names, and "torch.float32". Also "half", "float", "double", "long", "int", "short".
std::optional<DType> parse_dtype(std::string_view name);

bool is_floating_point(DType dtype);  // f64 .. f4_e2m1fn_x2, as torch.is_floating_point
bool is_complex(DType dtype);
bool is_integral(DType dtype);  // i8..i64, u8..u64; not boolean
bool is_quantized(DType dtype);
bool is_bits(DType dtype);
// Real or complex numbers that cast to each other: everything but quantized, bits and packed types and bcomplex32.
bool is_numeric(DType dtype);

// Two float16 values, as torch.complex32 stores them.
struct Complex32 {
  Half re, im;
  Complex32() = default;
  constexpr Complex32(Half r, Half i) : re(r), im(i) {}
  explicit Complex32(const std::complex<float>& z) : re(z.real()), im(z.imag()) {}
  explicit operator std::complex<float>() const { return {float(re), float(im)}; }
};

// Calls f.template operator()<T>() with the C++ type of a numeric dtype, and returns its result.
// Throws ErrorKind::unsupported, naming `op` and the dtype, for the others.
//   with_type("copy", t, [&]<class T>() { ... });
template <class F>
decltype(auto) with_type(const char* op, DType dtype, F&& f);

// The same, for the dtypes that PyTorch computes on: real numbers and complex64/128.
template <class F>
decltype(auto) with_real_type(const char* op, DType dtype, F&& f);  // f64 f32 f16 bf16 i8..i64 u8 boolean

template <class F>
decltype(auto) with_floating_type(const char* op, DType dtype, F&& f);  // f64 f32 f16 bf16

// Throws: "[op] is not implemented for dtype float8_e4m3fn".
[[noreturn]] void fail_dtype(const char* op, DType dtype);

// The dtype of a C++ type: dtype_of<float> == DType::f32.
template <class T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "not an element type");
  return DType::f32;
}();
// clang-format off
template <> inline constexpr DType dtype_of<double> = DType::f64;
template <> inline constexpr DType dtype_of<float> = DType::f32;
template <> inline constexpr DType dtype_of<Half> = DType::f16;
template <> inline constexpr DType dtype_of<BFloat16> = DType::bf16;
template <> inline constexpr DType dtype_of<Float8_e4m3fn> = DType::f8_e4m3fn;
template <> inline constexpr DType dtype_of<Float8_e5m2> = DType::f8_e5m2;
template <> inline constexpr DType dtype_of<Float8_e4m3fnuz> = DType::f8_e4m3fnuz;
template <> inline constexpr DType dtype_of<Float8_e5m2fnuz> = DType::f8_e5m2fnuz;
template <> inline constexpr DType dtype_of<Float8_e8m0fnu> = DType::f8_e8m0fnu;
template <> inline constexpr DType dtype_of<int8_t> = DType::i8;
template <> inline constexpr DType dtype_of<int16_t> = DType::i16;
template <> inline constexpr DType dtype_of<int32_t> = DType::i32;
template <> inline constexpr DType dtype_of<int64_t> = DType::i64;
template <> inline constexpr DType dtype_of<uint8_t> = DType::u8;
template <> inline constexpr DType dtype_of<uint16_t> = DType::u16;
template <> inline constexpr DType dtype_of<uint32_t> = DType::u32;
template <> inline constexpr DType dtype_of<uint64_t> = DType::u64;
template <> inline constexpr DType dtype_of<bool> = DType::boolean;
template <> inline constexpr DType dtype_of<Complex32> = DType::complex32;
template <> inline constexpr DType dtype_of<std::complex<float>> = DType::complex64;
template <> inline constexpr DType dtype_of<std::complex<double>> = DType::complex128;
// clang-format on

// ---- implementation of the switches ----

template <class F>
decltype(auto) with_floating_type(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64: return f.template operator()<double>();
    case DType::f32: return f.template operator()<float>();
    case DType::f16: return f.template operator()<Half>();
    case DType::bf16: return f.template operator()<BFloat16>();
    default: fail_dtype(op, dtype);
  }
}

template <class F>
decltype(auto) with_real_type(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::i8: return f.template operator()<int8_t>();
    case DType::i16: return f.template operator()<int16_t>();
    case DType::i32: return f.template operator()<int32_t>();
    case DType::i64: return f.template operator()<int64_t>();
    case DType::u8: return f.template operator()<uint8_t>();
    case DType::boolean: return f.template operator()<bool>();
    default: return with_floating_type(op, dtype, static_cast<F&&>(f));
  }
}

template <class F>
decltype(auto) with_type(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::f8_e4m3fn: return f.template operator()<Float8_e4m3fn>();
    case DType::f8_e5m2: return f.template operator()<Float8_e5m2>();
    case DType::f8_e4m3fnuz: return f.template operator()<Float8_e4m3fnuz>();
    case DType::f8_e5m2fnuz: return f.template operator()<Float8_e5m2fnuz>();
    case DType::f8_e8m0fnu: return f.template operator()<Float8_e8m0fnu>();
    case DType::u16: return f.template operator()<uint16_t>();
    case DType::u32: return f.template operator()<uint32_t>();
    case DType::u64: return f.template operator()<uint64_t>();
    case DType::complex32: return f.template operator()<Complex32>();
    case DType::complex64: return f.template operator()<std::complex<float>>();
    case DType::complex128: return f.template operator()<std::complex<double>>();
    default: return with_real_type(op, dtype, static_cast<F&&>(f));
  }
}

}  // namespace sconce
