// One number from one element type to another, by the rules of PyTorch's Tensor.to() on x86.
#pragma once
#include <sconce/dtype.h>
#include <sconce/kernels/truncate.h>

#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace sconce {

// What arithmetic on an element type happens in: float for the small floats, complex<float> for Complex32,
// else itself.
template <class T>
constexpr auto widened(T value) {
  if constexpr (std::is_same_v<T, Complex32>)
    return static_cast<std::complex<float>>(value);
  else if constexpr (std::is_class_v<T> && sizeof(T) <= 2)
    return static_cast<float>(value);
  else
    return value;
}
template <class T>
using Widened = decltype(widened(T()));

template <class T>
inline constexpr bool is_complex_type =
    std::is_same_v<T, Complex32> || std::is_same_v<T, std::complex<float>> ||
    std::is_same_v<T, std::complex<double>>;
// The formats with a single NaN, which they decode by a constant.
template <class T>
inline constexpr bool has_one_nan = std::is_same_v<T, Float8_e4m3fnuz> ||
                                    std::is_same_v<T, Float8_e5m2fnuz> || std::is_same_v<T, Float8_e8m0fnu>;
template <class T>
inline constexpr bool is_integer_type = std::is_integral_v<T> && !std::is_same_v<T, bool>;

template <class To, class From>
constexpr To cast_to(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (is_integer_type<To> && has_one_nan<From>) {
    // The compiler that builds PyTorch folds the conversion of that constant to 0.
    const float wide = widened(value);
    return wide != wide ? To(0) : cast_to<To>(wide);
  } else if constexpr (!std::is_same_v<Widened<From>, From>) {
    return cast_to<To>(widened(value));
  } else if constexpr (is_complex_type<From>) {
    if constexpr (std::is_same_v<To, bool>)
      return value.real() != 0 || value.imag() != 0;
    else if constexpr (std::is_same_v<To, Complex32>)
      return Complex32(Half(static_cast<float>(value.real())), Half(static_cast<float>(value.imag())));
    else if constexpr (is_complex_type<To>)
      return To(static_cast<typename To::value_type>(value.real()),
                static_cast<typename To::value_type>(value.imag()));
    else
      return cast_to<To>(value.real());
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_same_v<To, Complex32>) {
    return Complex32(Half(static_cast<float>(value)), Half::from_bits(0));
  } else if constexpr (is_complex_type<To>) {
    return To(static_cast<typename To::value_type>(value), 0);
  } else if constexpr (is_integer_type<To> && std::is_floating_point_v<From>) {
    return kernels::truncate_to<To>(value);
  } else if constexpr (std::is_arithmetic_v<To>) {
    return static_cast<To>(value);
  } else {
    return To(static_cast<float>(value));  // the small floats: by way of float, as PyTorch
  }
}

}  // namespace sconce
