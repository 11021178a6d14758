// New tensors.
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/cast.h"
#include "ops/copy_elements.h"

namespace sconce {
namespace {

// The largest finite number of an element type.
template <class T>
constexpr double largest() {
  if constexpr (std::is_same_v<T, Half>)
    return 65504;
  else if constexpr (std::is_same_v<T, BFloat16>)
    return 0x1.fep127;
  else if constexpr (std::is_same_v<T, Float8_e4m3fn>)
    return 448;
  else if constexpr (std::is_same_v<T, Float8_e4m3fnuz>)
    return 240;
  else if constexpr (std::is_same_v<T, Float8_e8m0fnu>)
    return 0x1p127;
  else if constexpr (std::is_class_v<T>)
    return 57344;
  else
    return static_cast<double>(std::numeric_limits<T>::max());
}

// Whether T holds the number, by PyTorch's rule for filling: floating types take what is in range, and
// infinities where they have them; unsigned types wrap negative integers down to minus their largest.
template <class T>
bool holds(const Scalar& value) {
  const std::complex<double> z = value.to_complex();
  if constexpr (std::is_same_v<T, Complex32>) {
    return holds<Half>(z.real()) && holds<Half>(z.imag());
  } else if constexpr (is_complex_type<T>) {
    return holds<typename T::value_type>(z.real()) && holds<typename T::value_type>(z.imag());
  } else if constexpr (std::is_same_v<T, bool>) {
    return true;
  } else {
    if (z.imag() != 0) return false;
    const double v = z.real(), high = largest<T>();
    if constexpr (std::is_integral_v<T>) {
      if (sizeof(T) == 8 && !value.is_floating_point() && !value.is_complex())
        return true;  // it was an int64
      const bool wraps = !value.is_floating_point() && !value.is_complex();
      const double low = std::is_signed_v<T> ? static_cast<double>(std::numeric_limits<T>::min())
                         : wraps             ? -high
                                             : 0;
      return v >= low && (sizeof(T) == 8 ? v < high : v <= high);  // of 64 bits, `high` is rounded up
    } else {
      constexpr bool has_infinity = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> ||
                                    std::is_same_v<T, Float8_e5m2> || std::is_floating_point_v<T>;
      if (std::isinf(v)) return has_infinity;
      return !(v < -high || v > high);
    }
  }
}

// The element type as PyTorch's message spells it.
std::string spelled(DType dtype) {
  switch (dtype) {
    case DType::f64: return "double";
    case DType::f32: return "float";
    case DType::f16: return "c10::Half";
    case DType::bf16: return "c10::BFloat16";
    case DType::f8_e4m3fn: return "c10::Float8_e4m3fn";
    case DType::f8_e5m2: return "c10::Float8_e5m2";
    case DType::f8_e4m3fnuz: return "c10::Float8_e4m3fnuz";
    case DType::f8_e5m2fnuz: return "c10::Float8_e5m2fnuz";
    case DType::f8_e8m0fnu: return "c10::Float8_e8m0fnu";
    case DType::i32: return "int";
    case DType::complex32: return "c10::complex<c10::Half>";
    case DType::complex64: return "c10::complex<float>";
    case DType::complex128: return "c10::complex<double>";
    default: return is_integral(dtype) ? std::string(name_of(dtype)) + "_t" : name_of(dtype);
  }
}

void check_holds(const Scalar& value, DType dtype) {
  with_type("full", dtype, [&]<class T>() {
    if (!holds<T>(value))
      fail(ErrorKind::invalid_argument, "value cannot be converted to type ", spelled(dtype),
           " without overflow");
  });
}

// A 0-dim CPU tensor of the scalar in the widest dtype of its category.
Tensor exact_tensor(const Scalar& value) {
  const auto make = [](DType dtype, const auto& v) {
    Tensor out = empty(Shape{}, dtype);
    *out.mutable_data<std::decay_t<decltype(v)>>() = v;
    return out;
  };
  if (value.is_complex()) return make(DType::complex128, value.to_complex());
  if (value.is_floating_point()) return make(DType::f64, value.to_double());
  if (value.is_bool()) return make(DType::boolean, value.to_bool());
  return make(DType::i64, value.to_int64());
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype, Device device) {
  int64_t nbytes = 0;
  check(checked_multiply(shape.numel(), static_cast<int64_t>(size_of(dtype)), nbytes),
        "[empty] the bytes of shape ", shape, " do not fit 64 bits");
  return Tensor(Storage::allocate(static_cast<size_t>(nbytes), device), dtype, shape);
}

Tensor zeros(const Shape& shape, DType dtype, Device device) { return full(shape, 0, dtype, device); }
Tensor ones(const Shape& shape, DType dtype, Device device) { return full(shape, 1, dtype, device); }

Tensor full(const Shape& shape, Scalar value, DType dtype, Device device) {
  check_holds(value, dtype);
  Tensor out = empty(shape, dtype, device);
  const Tensor one = exact_tensor(value);
  copy_elements(Tensor(one.storage(), one.dtype(), shape, Strides(static_cast<size_t>(shape.dim()), 0)), out);
  return out;
}

Tensor empty_like(const Tensor& model, std::optional<DType> dtype) {
  check_defined("empty_like", model);
  return empty(model.shape(), dtype.value_or(model.dtype()), model.device());
}

Tensor full_like(const Tensor& model, Scalar value, std::optional<DType> dtype) {
  check_defined("full_like", model);
  return full(model.shape(), value, dtype.value_or(model.dtype()), model.device());
}

Tensor zeros_like(const Tensor& model, std::optional<DType> dtype) { return full_like(model, 0, dtype); }
Tensor ones_like(const Tensor& model, std::optional<DType> dtype) { return full_like(model, 1, dtype); }

Tensor eye(int64_t rows, int64_t columns, DType dtype) {
  check(rows >= 0, "n must be greater or equal to 0, got ", rows);
  check(columns >= 0, "m must be greater or equal to 0, got ", columns);
  Tensor out = zeros(Shape{rows, columns}, dtype);
  const int64_t n = std::min(rows, columns);
  if (n == 0) return out;
  Tensor diagonal(out.storage(), dtype, Shape{n}, Strides{columns + 1});
  copy_elements(ones(Shape{n}, dtype), diagonal);
  return out;
}

Tensor linspace(double start, double end, int64_t steps, DType dtype) {
  check(steps >= 0, "number of steps must be non-negative");
  if (dtype != DType::f32 && dtype != DType::f64) fail_dtype("linspace", dtype);
  Tensor out = empty(Shape{steps}, dtype);
  with_floating_type("linspace", dtype, [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) {
      T* to = out.mutable_data<T>();
      const T first = static_cast<T>(start), last = static_cast<T>(end);
      const T step = steps > 1 ? (last - first) / static_cast<T>(steps - 1) : T(0);
      // From both ends, so that the last value is the end itself.
      for (int64_t i = 0; i < steps; ++i)
        to[i] = i < steps / 2 || steps == 1 ? first + step * static_cast<T>(i)
                                            : last - step * static_cast<T>(steps - i - 1);
    }
  });
  return out;
}

Tensor scalar_tensor(Scalar value, DType dtype) { return full(Shape{}, value, dtype); }

Tensor arange(Scalar start, Scalar end, Scalar step) {
  check(!start.is_complex() && !end.is_complex() && !step.is_complex(),
        "[arange] expected real numbers, got a complex one");
  const auto whole = [](const Scalar& s) { return s.is_integral() || s.is_bool(); };
  const bool integral = whole(start) && whole(end) && whole(step);
  const double first = start.to_double(), last = end.to_double(), by = step.to_double();
  check(by != 0, "step must be nonzero");
  check(std::isfinite(first) && std::isfinite(last), "unsupported range: ", first, " -> ", last);
  check((by > 0 && last >= first) || (by < 0 && last <= first),
        "upper bound and lower bound inconsistent with step sign");
  const double count = std::ceil((last - first) / by);
  check(count >= 0 && count < 9e18, "invalid size, possible overflow?");
  if (integral) {
    // Modulo 2^64, where neither the range nor the rounding of doubles can spoil the count.
    const auto from = static_cast<uint64_t>(start.to_int64()), to = static_cast<uint64_t>(end.to_int64());
    const auto stride = static_cast<uint64_t>(step.to_int64());
    const uint64_t range = by > 0 ? to - from : from - to, magnitude = by > 0 ? stride : 0 - stride;
    const uint64_t n = range / magnitude + (range % magnitude != 0 ? 1 : 0);
    check(n < uint64_t{1} << 60, "invalid size, possible overflow?");
    Tensor out = empty(Shape{static_cast<int64_t>(n)}, DType::i64);
    int64_t* values = out.mutable_data<int64_t>();
    for (uint64_t i = 0; i < n; ++i) values[i] = static_cast<int64_t>(from + i * stride);
    return out;
  }
  Tensor out = empty(Shape{static_cast<int64_t>(count)}, DType::f32);
  float* to = out.mutable_data<float>();
  for (int64_t i = 0; i < out.numel(); ++i) to[i] = static_cast<float>(first + by * static_cast<double>(i));
  return out;
}

Tensor from_blob(void* data, const Shape& shape, DType dtype) {
  int64_t nbytes = 0;
  check(checked_multiply(shape.numel(), static_cast<int64_t>(size_of(dtype)), nbytes),
        "[from_blob] the bytes of shape ", shape, " do not fit 64 bits");
  check(data != nullptr || nbytes == 0, "[from_blob] expected a pointer to ", nbytes, " bytes, got null");
  return Tensor(Storage::borrow(data, static_cast<size_t>(nbytes), nullptr), dtype, shape);
}

}  // namespace sconce
