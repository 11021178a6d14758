#include <sconce/ops/create.h>

#include <cmath>
#include <limits>

namespace sconce {
namespace {

// Whether a dtype holds the scalar: what PyTorch asks before it fills. Floating types take any real number
// that is in range or not finite, unsigned types take negative numbers (they wrap) down to minus their
// largest.
template <class T>
bool holds(const Scalar& value) {
  if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::complex<double>>) return true;
  const std::complex<double> z = value.to_complex();
  if constexpr (std::is_integral_v<T>) {
    if (z.imag() != 0) return false;
    constexpr double largest = static_cast<double>(std::numeric_limits<T>::max());
    if (value.is_integral() || value.is_bool()) {
      if constexpr (sizeof(T) == 8) return true;
      const int64_t v = value.to_int64(), high = static_cast<int64_t>(std::numeric_limits<T>::max());
      return v <= high && v >= (std::is_signed_v<T> ? -high - 1 : -high);
    }
    const double low = std::is_signed_v<T> ? -largest - (sizeof(T) < 8 ? 1 : 0) : -largest;
    return z.real() >= low && (sizeof(T) < 8 ? z.real() <= largest : z.real() < largest);
  } else {
    return true;
  }
}

void check_holds(const Scalar& value, DType dtype) {
  with_type("full", dtype, [&]<class T>() {
    check(holds<T>(value), "value cannot be converted to type ", name_of(dtype), " without overflow");
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
  out.copy_(exact_tensor(value));
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
