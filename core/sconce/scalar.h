// One number of any dtype, as PyTorch's Scalar: the right-hand side of x + 2.
#pragma once
#include <sconce/dtype.h>

#include <complex>
#include <concepts>
#include <variant>

namespace sconce {

// Keeps the category that type promotion needs: bool < integer < floating < complex. A value.
class Scalar {
 public:
  Scalar(bool v) : value_(v) {}
  template <std::integral T>
  Scalar(T v) : value_(static_cast<int64_t>(v)) {}
  template <std::floating_point T>
  Scalar(T v) : value_(static_cast<double>(v)) {}
  Scalar(std::complex<double> v) : value_(v) {}

  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_integral() const { return std::holds_alternative<int64_t>(value_); }
  bool is_floating_point() const { return std::holds_alternative<double>(value_); }
  bool is_complex() const { return std::holds_alternative<std::complex<double>>(value_); }

  // Conversions as static_cast; the real part of a complex number. Out of int64's range (or NaN): its lowest value.
  double to_double() const;
  int64_t to_int64() const;
  bool to_bool() const;
  std::complex<double> to_complex() const;

  // The dtype a 0-dim tensor of it would have: boolean, i64, the default f32, or complex64.
  DType dtype() const;

 private:
  std::variant<bool, int64_t, double, std::complex<double>> value_;
};

}  // namespace sconce
