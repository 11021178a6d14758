#include <sconce/ops/promotion.h>

namespace sconce {
namespace {

bool is_wide_unsigned(DType t) { return t == DType::u16 || t == DType::u32 || t == DType::u64; }
bool is_float8(DType t) { return t >= DType::f8_e4m3fn && t <= DType::f4_e2m1fn_x2; }

DType complex_of(DType real) {
  switch (real) {
    case DType::f64: return DType::complex128;
    case DType::f32: return DType::complex64;
    case DType::f16: return DType::complex32;
    default: fail(ErrorKind::unsupported, "Unknown Complex ScalarType for ", name_of(real));
  }
}

// Both floating and different: f16 with bf16 needs f32, else the wider wins. The enumerators run from wide to
// narrow.
DType wider_float(DType a, DType b) {
  if ((a == DType::f16 && b == DType::bf16) || (a == DType::bf16 && b == DType::f16)) return DType::f32;
  return a < b ? a : b;
}

// Both in {bool, u8, i8, i16, i32, i64} and different.
DType wider_integer(DType a, DType b) {
  if (a == DType::boolean) return b;
  if (b == DType::boolean) return a;
  if (a == DType::u8) return b == DType::i8 ? DType::i16 : b;
  if (b == DType::u8) return a == DType::i8 ? DType::i16 : a;
  return a > b ? a : b;
}

[[noreturn]] void fail_promotion(DType a, DType b) {
  fail(ErrorKind::unsupported, "Promotion from ", name_of(a), " and ", name_of(b), " is unsupported.");
}

int category_of(DType t) {
  if (t == DType::boolean) return 0;
  if (is_integral(t)) return 1;
  return is_complex(t) ? 3 : 2;
}

std::optional<DType> merge(std::optional<DType> a, std::optional<DType> b) {
  if (!a || !b) return a ? a : b;
  return promote_types(*a, *b);
}

// `lower` counts against `higher` only when its category is higher.
std::optional<DType> override_with(std::optional<DType> higher, std::optional<DType> lower) {
  if (!higher || !lower) return higher ? higher : lower;
  if (is_complex(*higher)) return higher;
  if (is_floating_point(*higher)) return is_complex(*lower) ? complex_of(*higher) : *higher;
  if (is_complex(*lower)) return lower;
  return *higher == DType::boolean || is_floating_point(*lower) ? promote_types(*higher, *lower) : higher;
}

}  // namespace

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (!is_numeric(a) || !is_numeric(b)) fail_promotion(a, b);
  if (is_float8(a) || is_float8(b))
    fail(ErrorKind::unsupported, "Promotion for Float8 Types is not supported, attempted to promote ",
         name_of(a), " and ", name_of(b));
  if ((is_wide_unsigned(a) && !is_floating_point(b)) || (is_wide_unsigned(b) && !is_floating_point(a)))
    fail(ErrorKind::unsupported,
         "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote ", name_of(a),
         " and ", name_of(b));
  if (is_complex(a) || is_complex(b)) {
    const auto part = [](DType t) { return is_floating_point(t) || is_complex(t) ? to_real(t) : DType::f16; };
    const DType x = part(a), y = part(b);
    return complex_of(x == y ? x : wider_float(x, y));
  }
  if (is_floating_point(a)) return is_floating_point(b) ? wider_float(a, b) : a;
  if (is_floating_point(b)) return b;
  return wider_integer(a, b);
}

bool can_cast(DType from, DType to) {
  if (is_quantized(from) || is_quantized(to)) return from == to;
  return category_of(from) <= category_of(to);
}

ResultType& ResultType::add(const Tensor& tensor) {
  auto& slot = tensor.dim() > 0 ? dimensioned_ : zero_dim_;
  slot = merge(slot, tensor.dtype());
  return *this;
}

ResultType& ResultType::add(const Scalar& number) {
  number_ = merge(number_, number.dtype());
  return *this;
}

DType ResultType::dtype() const {
  const auto result = override_with(dimensioned_, override_with(zero_dim_, number_));
  check(result.has_value(), "[result_type] expected at least one operand, got none");
  return *result;
}

DType compute_dtype(DType dtype) {
  if (dtype == DType::complex32) return DType::complex64;
  return is_floating_point(dtype) && dtype != DType::f64 ? DType::f32 : dtype;
}

DType to_real(DType dtype) {
  switch (dtype) {
    case DType::complex32: return DType::f16;
    case DType::complex64: return DType::f32;
    case DType::complex128: return DType::f64;
    default: return dtype;
  }
}

}  // namespace sconce
