// Arithmetic on elements. Operands broadcast and promote by PyTorch's rules (<sconce/ops/promotion.h>);
// results are new, contiguous tensors. A dtype that PyTorch's op of the same name refuses is refused with
// ErrorKind::unsupported.
#pragma once
#include <sconce/tensor.h>

#include <optional>
#include <string_view>

namespace sconce {

// self + alpha * other, as torch.add. Throws ErrorKind::invalid_argument on a floating alpha with integer
// operands.
Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
// self - alpha * other, as torch.sub; not of booleans.
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
// other - alpha * self, as torch.rsub.
Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor mul(const Tensor& self, const Tensor& other);
Tensor mul(const Tensor& self, const Scalar& other);
// As torch.div: true division of integers gives f32. rounding_mode is nullopt, "floor" or "trunc"; with one
// of these, integers stay integers and an integer divisor of 0 throws PyTorch's "ZeroDivisionError"
// (ErrorKind::invalid_argument).
Tensor div(const Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode = {});
Tensor div(const Tensor& self, const Scalar& other, std::optional<std::string_view> rounding_mode = {});
// As torch.pow. Integers wrap around; an integer tensor with a negative integer number as exponent throws
// "Integers to negative integer powers are not allowed."
Tensor pow(const Tensor& self, const Tensor& exponent);
Tensor pow(const Tensor& self, const Scalar& exponent);
Tensor pow(const Scalar& self, const Tensor& exponent);
// As torch.remainder: the result has the divisor's sign.
Tensor remainder(const Tensor& self, const Tensor& other);
Tensor remainder(const Tensor& self, const Scalar& other);
// As torch.fmod: the result has the dividend's sign.
Tensor fmod(const Tensor& self, const Tensor& other);
Tensor fmod(const Tensor& self, const Scalar& other);
// The larger (smaller) element; NaN when either is NaN. As torch.maximum, torch.minimum.
Tensor maximum(const Tensor& self, const Tensor& other);
Tensor minimum(const Tensor& self, const Tensor& other);

// Of truth values (an element is true unless it is 0); the result is boolean.
Tensor logical_and(const Tensor& self, const Tensor& other);
Tensor logical_or(const Tensor& self, const Tensor& other);
Tensor logical_xor(const Tensor& self, const Tensor& other);
Tensor logical_not(const Tensor& self);
// Of integers and booleans.
Tensor bitwise_and(const Tensor& self, const Tensor& other);
Tensor bitwise_or(const Tensor& self, const Tensor& other);
Tensor bitwise_xor(const Tensor& self, const Tensor& other);
Tensor bitwise_not(const Tensor& self);

// Functions of one operand, each as the torch function of its name.
Tensor neg(const Tensor& self);
Tensor abs(const Tensor& self);  // real for complex
Tensor square(const Tensor& self);
Tensor sign(const Tensor& self);
Tensor floor(const Tensor& self);
Tensor ceil(const Tensor& self);
Tensor round(const Tensor& self);  // halves to even
// These give f32 for integers and booleans.
Tensor exp(const Tensor& self);
Tensor log(const Tensor& self);
Tensor log1p(const Tensor& self);
Tensor expm1(const Tensor& self);
Tensor sqrt(const Tensor& self);
Tensor rsqrt(const Tensor& self);
Tensor reciprocal(const Tensor& self);
Tensor sin(const Tensor& self);
Tensor cos(const Tensor& self);
Tensor tanh(const Tensor& self);
Tensor erf(const Tensor& self);
// Boolean results; integers are finite.
Tensor isnan(const Tensor& self);
Tensor isinf(const Tensor& self);
Tensor isfinite(const Tensor& self);
// min(max(self, min), max), as torch.clamp: NaN stays NaN, min above max gives max. Promotes with its bounds.
Tensor clamp(const Tensor& self, const std::optional<Scalar>& min = {},
             const std::optional<Scalar>& max = {});

// In place: the result is cast to self's dtype and written to its elements. Throw ErrorKind::invalid_argument
// when the result has another shape, cannot be cast ("result type Float can't be cast to the desired output
// type Long"), or when elements of self share memory. Return self.
Tensor& add_(Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor& add_(Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor& sub_(Tensor& self, const Tensor& other, const Scalar& alpha = 1);
Tensor& sub_(Tensor& self, const Scalar& other, const Scalar& alpha = 1);
Tensor& mul_(Tensor& self, const Tensor& other);
Tensor& mul_(Tensor& self, const Scalar& other);
Tensor& div_(Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode = {});
Tensor& div_(Tensor& self, const Scalar& other, std::optional<std::string_view> rounding_mode = {});

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator+(const Tensor& a, const Scalar& b) { return add(a, b); }
inline Tensor operator+(const Scalar& a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator-(const Tensor& a, const Scalar& b) { return sub(a, b); }
inline Tensor operator-(const Scalar& a, const Tensor& b) { return rsub(b, a); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator*(const Tensor& a, const Scalar& b) { return mul(a, b); }
inline Tensor operator*(const Scalar& a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator/(const Tensor& a, const Scalar& b) { return div(a, b); }
inline Tensor operator/(const Scalar& a, const Tensor& b) {
  return mul(reciprocal(b), a);
}  // as Tensor.__rtruediv__
inline Tensor operator-(const Tensor& a) { return neg(a); }
inline Tensor& operator+=(Tensor& a, const Tensor& b) { return add_(a, b); }
inline Tensor& operator+=(Tensor& a, const Scalar& b) { return add_(a, b); }
inline Tensor& operator-=(Tensor& a, const Tensor& b) { return sub_(a, b); }
inline Tensor& operator-=(Tensor& a, const Scalar& b) { return sub_(a, b); }
inline Tensor& operator*=(Tensor& a, const Tensor& b) { return mul_(a, b); }
inline Tensor& operator*=(Tensor& a, const Scalar& b) { return mul_(a, b); }
inline Tensor& operator/=(Tensor& a, const Tensor& b) { return div_(a, b); }
inline Tensor& operator/=(Tensor& a, const Scalar& b) { return div_(a, b); }

}  // namespace sconce
