// How far two tensors are apart.
#include "compare.h"

#include <sconce/ops.h>
#include <sconce/threads.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>

namespace sconce::cli {
namespace {

constexpr int64_t piece = 1 << 18;

template <class T>
double magnitude(const T& z) {
  return std::abs(z);
}
template <class T>
bool is_nan(const T& z) {
  if constexpr (std::is_same_v<T, std::complex<double>>)
    return std::isnan(z.real()) || std::isnan(z.imag());
  else
    return std::isnan(z);
}

void add(Difference& out, double distance, double a, double b, const Tolerance& tolerance) {
  // No tolerance covers an infinite distance, nor 0 times an infinite magnitude.
  const double room = tolerance.absolute + (tolerance.relative > 0 ? tolerance.relative * b : 0);
  if (std::isinf(distance) || distance > room) ++out.differing;
  out.max_absolute = std::max(out.max_absolute, distance);
  const double larger = std::max(a, b);
  // Where one is infinite nothing of the other is left.
  const double ratio = std::isinf(larger) ? 1 : larger > 0 ? distance / larger : 0;
  out.max_relative = std::max(out.max_relative, ratio);
}

template <class T>
void compare_numbers(const T* a, const T* b, int64_t count, const Tolerance& tolerance, Difference& out) {
  for (int64_t i = 0; i < count; ++i) {
    if (a[i] == b[i]) continue;
    const bool nan_a = is_nan(a[i]), nan_b = is_nan(b[i]);
    if (nan_a || nan_b) {
      if (nan_a == nan_b) continue;
      ++out.nan_on_one_side, ++out.differing;
      continue;
    }
    add(out, magnitude(a[i] - b[i]), magnitude(a[i]), magnitude(b[i]), tolerance);
  }
}

// Doubles do not tell neighbours above 2^53 apart.
template <class T>
void compare_integers(const T* a, const T* b, int64_t count, const Tolerance& tolerance, Difference& out) {
  for (int64_t i = 0; i < count; ++i) {
    if (a[i] == b[i]) continue;
    const auto high = static_cast<uint64_t>(std::max(a[i], b[i])),
               low = static_cast<uint64_t>(std::min(a[i], b[i]));
    add(out, static_cast<double>(high - low), std::abs(static_cast<double>(a[i])),
        std::abs(static_cast<double>(b[i])), tolerance);
  }
}

// Flat and contiguous, in memory.
Tensor flat(const Tensor& t) { return t.contiguous().reshape({-1}); }

Tensor part(const Tensor& t, int64_t begin, int64_t end) { return t.slice(0, begin, end); }

void compare_piece(const Tensor& a, const Tensor& b, const Tolerance& tolerance, Difference& out) {
  const int64_t count = a.numel();
  if (a.dtype() == b.dtype() && std::memcmp(a.data(), b.data(), static_cast<size_t>(a.nbytes())) == 0) return;
  if (a.dtype() == b.dtype() && a.dtype() == DType::i64)
    return compare_integers(a.data<int64_t>(), b.data<int64_t>(), count, tolerance, out);
  if (a.dtype() == b.dtype() && a.dtype() == DType::u64)
    return compare_integers(a.data<uint64_t>(), b.data<uint64_t>(), count, tolerance, out);
  if (is_complex(a.dtype()) || is_complex(b.dtype())) {
    const Tensor x = a.to(DType::complex128), y = b.to(DType::complex128);
    return compare_numbers(x.data<std::complex<double>>(), y.data<std::complex<double>>(), count, tolerance,
                           out);
  }
  const Tensor x = a.to(DType::f64), y = b.to(DType::f64);
  compare_numbers(x.data<double>(), y.data<double>(), count, tolerance, out);
}

void merge(Difference& into, const Difference& from) {
  into.differing += from.differing;
  into.nan_on_one_side += from.nan_on_one_side;
  into.max_absolute = std::max(into.max_absolute, from.max_absolute);
  into.max_relative = std::max(into.max_relative, from.max_relative);
}

// Its bytes as numbers.
Tensor bytes_of(const Tensor& t) {
  const Tensor whole = t.contiguous();
  const auto item = static_cast<int64_t>(size_of(whole.dtype()));
  return Tensor(whole.storage(), DType::u8, Shape{whole.nbytes()}, Strides{1}, whole.storage_offset() * item);
}

}  // namespace

bool Difference::worse_than(const Difference& other) const {
  const auto rank = [](const Difference& d) {
    return d.nan_on_one_side > 0 ? std::numeric_limits<double>::infinity() : d.max_absolute;
  };
  return rank(*this) > rank(other);
}

Difference difference_of(const Tensor& a, const Tensor& b, const Tolerance& tolerance) {
  Difference out;
  out.elements = a.numel();
  if (out.elements == 0 || (a.is_same_view(b) && a.storage().defined())) return out;
  const bool numbers = is_numeric(a.dtype()) && is_numeric(b.dtype());
  if (!numbers && a.dtype() != b.dtype())
    fail(ErrorKind::unsupported, "values of ", name_of(a.dtype()), " and ", name_of(b.dtype()),
         " cannot be compared");
  const Tensor x = numbers ? flat(a) : bytes_of(a), y = numbers ? flat(b) : bytes_of(b);
  std::mutex mutex;
  const int64_t count = x.numel(), pieces = (count + piece - 1) / piece;
  parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    Difference mine;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t from = i * piece, to = std::min(count, from + piece);
      compare_piece(part(x, from, to), part(y, from, to), tolerance, mine);
    }
    const std::lock_guard lock(mutex);
    merge(out, mine);
  });
  return out;
}

}  // namespace sconce::cli
