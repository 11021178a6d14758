#include <sconce/scalar.h>

#include <limits>

namespace sconce {

double Scalar::to_double() const {
  return std::visit(
      [](auto v) {
        if constexpr (std::is_same_v<decltype(v), std::complex<double>>)
          return v.real();
        else
          return static_cast<double>(v);
      },
      value_);
}

int64_t Scalar::to_int64() const {
  if (const auto* v = std::get_if<int64_t>(&value_)) return *v;
  const double v = to_double();
  return v >= -0x1p63 && v < 0x1p63 ? static_cast<int64_t>(v) : std::numeric_limits<int64_t>::min();
}

bool Scalar::to_bool() const { return to_complex() != std::complex<double>(0); }

std::complex<double> Scalar::to_complex() const {
  if (const auto* v = std::get_if<std::complex<double>>(&value_)) return *v;
  return to_double();
}

DType Scalar::dtype() const {
  constexpr DType by_index[] = {DType::boolean, DType::i64, DType::f32, DType::complex64};
  return by_index[value_.index()];
}

}  // namespace sconce
