// Reductions, each strip in f64, i64 or complex128, and rounded once.
#include <cmath>
#include <limits>

#include "cpu/cpu_backend.h"
#include "cpu/strips.h"

namespace sconce {
namespace {

using Complex = std::complex<double>;

double modulus(double x) { return std::abs(x); }
double modulus(const Complex& x) { return std::abs(x); }
double squared(double x) { return x * x; }
double squared(const Complex& x) { return x.real() * x.real() + x.imag() * x.imag(); }

int64_t plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t times(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
double times(double a, double b) { return a * b; }
Complex times(const Complex& a, const Complex& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// Pairwise, so that the error grows with the logarithm of n; g maps each element.
template <class C, class G>
double pairwise_sum(const C* x, int64_t n, const G& g) {
  if (n > 64) {
    const int64_t half = n / 2;
    return pairwise_sum(x, half, g) + pairwise_sum(x + half, n - half, g);
  }
  double lanes[4] = {};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int k = 0; k < 4; ++k) lanes[k] += g(x[i + k]);
  for (; i < n; ++i) lanes[0] += g(x[i]);
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// Adds the sums of chunks, keeping what each addition loses (Neumaier).
struct Compensated {
  double sum = 0, lost = 0;
  void add(double x) {
    const double next = sum + x;
    lost += std::abs(sum) >= std::abs(x) ? (sum - next) + x : (x - next) + sum;
    sum = next;
  }
  double value() const { return std::isfinite(sum) ? sum + lost : sum; }
};

// Calls f(elements, n) for each chunk of a strip.
template <class C, class F>
void each_chunk(const Strip& strip, F f) {
  C buffer[chunk_length];
  for (int64_t i = 0; i < strip.length; i += chunk_length) {
    const int64_t n = std::min(chunk_length, strip.length - i);
    f(strip.read(i, n, buffer), n);
  }
}

template <class C, class G>
double sum_of(const Strip& strip, const G& g) {
  Compensated total;
  each_chunk<C>(strip, [&](const C* x, int64_t n) { total.add(pairwise_sum(x, n, g)); });
  return total.value();
}

template <class C>
C sum(const Strip& strip) {
  if constexpr (std::is_same_v<C, double>) {
    return sum_of<double>(strip, [](double x) { return x; });
  } else if constexpr (std::is_same_v<C, Complex>) {
    return {sum_of<Complex>(strip, [](const Complex& x) { return x.real(); }),
            sum_of<Complex>(strip, [](const Complex& x) { return x.imag(); })};
  } else {
    int64_t total = 0;
    each_chunk<int64_t>(strip, [&](const int64_t* x, int64_t n) {
      for (int64_t i = 0; i < n; ++i) total = plus(total, x[i]);
    });
    return total;
  }
}

template <class C>
C product(const Strip& strip) {
  C total(1);
  each_chunk<C>(strip, [&](const C* x, int64_t n) {
    for (int64_t i = 0; i < n; ++i) total = times(total, x[i]);
  });
  return total;
}

// The largest element times `sign`, NaN when there is one.
template <class C>
C extreme(const Strip& strip, bool largest) {
  C best{};
  bool first = true;
  each_chunk<C>(strip, [&](const C* x, int64_t n) {
    if (first) best = x[0];
    first = false;
    for (int64_t i = 0; i < n; ++i)
      best = best != best || !(largest ? !(x[i] <= best) : !(x[i] >= best)) ? best : x[i];
  });
  return best;
}

template <class C>
bool truth(const Strip& strip, bool of_any) {
  bool found = !of_any;
  each_chunk<C>(strip, [&](const C* x, int64_t n) {
    for (int64_t i = 0; i < n && found != of_any; ++i) found = (x[i] != C(0)) == of_any ? of_any : found;
  });
  return found;
}

template <class C>
double variance(const Strip& strip, double correction) {
  const C center = sum<C>(strip) / static_cast<double>(strip.length);
  return sum_of<C>(strip, [&](const C& x) { return squared(x - center); }) /
         std::max(0.0, static_cast<double>(strip.length) - correction);
}

double log_sum_exp(const Strip& strip) {
  if (strip.length == 0) return -std::numeric_limits<double>::infinity();
  const double largest = extreme<double>(strip, true);
  const double shift = std::isinf(largest) ? 0 : largest;
  return std::log(sum_of<double>(strip, [&](double x) { return std::exp(x - shift); })) + shift;
}

template <class C>
double vector_norm(const Strip& strip, double p) {
  const auto max_modulus = [&](double sign) {
    double best = -std::numeric_limits<double>::infinity();
    each_chunk<C>(strip, [&](const C* x, int64_t n) {
      for (int64_t i = 0; i < n; ++i) {
        const double v = sign * modulus(x[i]);
        best = best != best || v <= best ? best : v;
      }
    });
    return sign * best;
  };
  if (std::isinf(p)) return strip.length == 0 ? 0 : max_modulus(p > 0 ? 1 : -1);
  if (p == 0) return sum_of<C>(strip, [](const C& x) { return x != C(0) ? 1.0 : 0.0; });
  if (p == 1) return sum_of<C>(strip, [](const C& x) { return modulus(x); });
  if (p == 2) {
    const double plain = std::sqrt(sum_of<C>(strip, [](const C& x) { return squared(x); }));
    if (std::isfinite(plain) && plain > 1e-150) return plain;
    const double scale = strip.length == 0 ? 0 : max_modulus(1);  // squares that leave f64's range
    if (scale == 0 || !std::isfinite(scale)) return scale;
    return scale * std::sqrt(sum_of<C>(strip, [&](const C& x) { return squared(x / scale); }));
  }
  return std::pow(sum_of<C>(strip, [&](const C& x) { return std::pow(modulus(x), p); }), 1 / p);
}

// The result of one strip, written to `out`.
template <class C>
void reduce_strip(ReduceOp op, const Strip& strip, const Strip& out, double parameter) {
  const auto give = [&](auto value) { out.write(&value, 1); };
  constexpr bool real = std::is_same_v<C, double>, whole = std::is_same_v<C, int64_t>;
  switch (op) {
    case ReduceOp::sum: return give(sum<C>(strip));
    case ReduceOp::prod: return give(product<C>(strip));
    case ReduceOp::any: return give(truth<C>(strip, true));
    case ReduceOp::all: return give(truth<C>(strip, false));
    case ReduceOp::amax:
    case ReduceOp::amin:
      if constexpr (real || whole) return give(extreme<C>(strip, op == ReduceOp::amax));
      break;
    case ReduceOp::logsumexp:
      if constexpr (real) return give(log_sum_exp(strip));
      break;
    case ReduceOp::mean:
      if constexpr (!whole) return give(sum<C>(strip) / static_cast<double>(strip.length));
      break;
    case ReduceOp::var:
      if constexpr (!whole) return give(variance<C>(strip, parameter));
      break;
    case ReduceOp::std:
      if constexpr (!whole) return give(std::sqrt(variance<C>(strip, parameter)));
      break;
    case ReduceOp::norm:
      if constexpr (!whole) return give(vector_norm<C>(strip, parameter));
      break;
  }
  fail_dtype("reduce", strip.dtype);
}

// The index of the first extreme element; a NaN is extreme at once.
template <class C>
int64_t extreme_index(const Strip& strip, bool largest) {
  int64_t index = 0, start = 0;
  C best{};
  each_chunk<C>(strip, [&](const C* x, int64_t n) {
    if (start == 0) best = x[0];
    for (int64_t i = 0; i < n && best == best; ++i) {
      const bool better = largest ? !(x[i] <= best) : !(x[i] >= best);
      if (better) best = x[i], index = start + i;
    }
    start += n;
  });
  return index;
}

}  // namespace

void CpuBackend::reduce(ReduceOp op, const Tensor& x, const Strips& strips, Tensor& out, double parameter) {
  for_strips(strips, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Strip from = strip_of(x, strips, strips.length, i), to = strip_of(out, strips, 1, i);
      if (is_complex(x.dtype()))
        reduce_strip<Complex>(op, from, to, parameter);
      else if (is_floating_point(x.dtype()) || op == ReduceOp::logsumexp)
        reduce_strip<double>(op, from, to, parameter);
      else
        reduce_strip<int64_t>(op, from, to, parameter);
    }
  });
}

void CpuBackend::arg_reduce(bool largest, const Tensor& x, const Strips& strips, Tensor* values,
                            Tensor& indices) {
  const size_t size = size_of(x.dtype());
  for_strips(strips, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Strip from = strip_of(x, strips, strips.length, i);
      const int64_t index = is_floating_point(x.dtype()) ? extreme_index<double>(from, largest)
                                                         : extreme_index<int64_t>(from, largest);
      strip_of(indices, strips, 1, i).write(&index, 1);
      if (values) std::copy_n(from.at(index), size, strip_of(*values, strips, 1, i).data);
    }
  });
}

void CpuBackend::scan(ScanOp op, const Tensor& x, const Strips& strips, Tensor& out) {
  const auto run = [&]<class C>() {
    for_strips(strips, [&](int64_t begin, int64_t end) {
      C buffer[chunk_length], results[chunk_length];
      for (int64_t i = begin; i < end; ++i) {
        const Strip from = strip_of(x, strips, strips.length, i);
        Strip to = strip_of(out, strips, strips.length, i);
        C total(op == ScanOp::sum ? 0 : 1);
        for (int64_t k = 0; k < strips.length; k += chunk_length) {
          const int64_t n = std::min(chunk_length, strips.length - k);
          const C* elements = from.read(k, n, buffer);
          for (int64_t j = 0; j < n; ++j) {
            if (op == ScanOp::prod)
              total = times(total, elements[j]);
            else if constexpr (std::is_same_v<C, int64_t>)
              total = plus(total, elements[j]);
            else
              total += elements[j];
            results[j] = total;
          }
          store(results, n, to.dtype, to.at(k), to.stride);
        }
      }
    });
  };
  if (is_complex(x.dtype()))
    run.template operator()<Complex>();
  else if (is_floating_point(x.dtype()))
    run.template operator()<double>();
  else
    run.template operator()<int64_t>();
}

}  // namespace sconce
