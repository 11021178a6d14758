// The formulas of the unary ops, one functor each, for every backend.
// A functor's operator() is constrained to the compute types it takes: float, double, int64_t, uint64_t,
// complex<double>.
#pragma once
#include <sconce/kernels/host_device.h>
#include <sconce/kernels/op_codes.h>

#include <cmath>
#include <complex>
#include <concepts>
#include <cstdint>
#include <limits>

namespace sconce::kernels {

template <class T>
concept Real = std::floating_point<T>;
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;
template <class T>
concept Int64 = std::same_as<T, int64_t>;
template <class T>
concept Complex = std::same_as<T, std::complex<double>>;

// Two's-complement wrap-around, as PyTorch's integers behave.
SCONCE_HOST_DEVICE inline int64_t wrap_mul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}
SCONCE_HOST_DEVICE inline int64_t wrap_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
SCONCE_HOST_DEVICE inline int64_t wrap_neg(int64_t a) {
  return static_cast<int64_t>(0 - static_cast<uint64_t>(a));
}

// The product without C's recovery of infinities from NaN, as PyTorch multiplies.
SCONCE_HOST_DEVICE inline std::complex<double> plain_mul(std::complex<double> a, std::complex<double> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

struct Neg {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return -x; }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return wrap_neg(x);
  }
};

struct Abs {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE auto operator()(T x) const { return std::abs(x); }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return x < 0 ? wrap_neg(x) : x;
  }
};

struct Exp {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return std::exp(x); }
};

struct Log {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return std::log(x); }
};

struct Log1p {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return std::log1p(x);
  }
  // log|1 + z| without cancellation near 0: |1 + z|^2 - 1 = x (2 + x) + y^2.
  template <Complex T>
  SCONCE_HOST_DEVICE T operator()(T z) const {
    const double x = z.real(), y = z.imag(), angle = std::atan2(y, 1 + x);
    if (std::abs(x) < 0.5 && std::abs(y) < 0.5) return {0.5 * std::log1p(x * (2 + x) + y * y), angle};
    return {std::log(std::hypot(1 + x, y)), angle};
  }
};

struct Expm1 {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return std::expm1(x);
  }
  // Re = e^x cos y - 1, without cancellation near 0.
  template <Complex T>
  SCONCE_HOST_DEVICE T operator()(T z) const {
    const double half_sine = std::sin(z.imag() / 2);
    return {std::expm1(z.real()) * std::cos(z.imag()) - 2 * half_sine * half_sine,
            std::exp(z.real()) * std::sin(z.imag())};
  }
};

struct Sqrt {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return std::sqrt(x); }
};

struct Rsqrt {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return T(1) / std::sqrt(x); }
};

struct Sin {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return std::sin(x); }
};

struct Cos {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return std::cos(x); }
};

struct Tanh {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return std::tanh(x); }
};

struct Sigmoid {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const {
    return T(1) / (T(1) + std::exp(-x));
  }
};

struct Erf {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return std::erf(x);
  }
};

struct Floor {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return std::floor(x);
  }
};

struct Ceil {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return std::ceil(x);
  }
};

struct Round {  // halves to even
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return std::nearbyint(x);
  }
};

struct Sign {  // 0 for NaN
  template <class T>
  requires Real<T> || Integer<T> SCONCE_HOST_DEVICE T operator()(T x) const {
    return static_cast<T>(static_cast<int>(x > T(0)) - static_cast<int>(x < T(0)));
  }
};

struct Reciprocal {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const { return T(1) / x; }
};

struct Square {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return x * x;
  }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return wrap_mul(x, x);
  }
  template <Complex T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return plain_mul(x, x);
  }
};

struct Relu {  // keeps NaN and -0.0
  template <class T>
  requires Real<T> || Integer<T> SCONCE_HOST_DEVICE T operator()(T x) const { return x < T(0) ? T(0) : x; }
};

struct LeakyRelu {
  double slope;
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return x > T(0) ? x : x * static_cast<T>(slope);
  }
};

struct Elu {
  double alpha;
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return x < T(0) ? static_cast<T>(alpha) * std::expm1(x) : x;
  }
};

struct Gelu {  // x Phi(x); erfc keeps the digits of the negative tail
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return x * (T(0.5) * std::erfc(x * T(-0.70710678118654752440)));
  }
};

struct GeluTanh {  // x / 2 (1 + tanh(u)) = x / (1 + e^(-2 u)), which keeps the digits of the negative tail
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    const T inner = T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
    return x / (T(1) + std::exp(T(-2) * inner));
  }
};

struct Silu {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T x) const {
    return x / (T(1) + std::exp(-x));
  }
};

struct Mish {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return x * std::tanh(std::log1p(std::exp(x)));
  }
};

struct Hardsigmoid {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    const T y = x + T(3);
    return (y < T(0) ? T(0) : y > T(6) ? T(6) : y) / T(6);
  }
};

struct Hardswish {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    const T y = x + T(3);
    return x * (y < T(0) ? T(0) : y > T(6) ? T(6) : y) / T(6);
  }
};

// Bounds of the compute type; the largest and smallest values where a bound is absent.
template <class B>
struct Clamp {
  B min, max;
  template <class T>
  requires Real<T> || Integer<T> SCONCE_HOST_DEVICE T operator()(T x) const {
    const T low = static_cast<T>(min), high = static_cast<T>(max);
    if constexpr (Real<T>) {
      if (low != low || high != high) return std::numeric_limits<T>::quiet_NaN();
    }
    const T raised = x < low ? low : x;
    return raised > high ? high : raised;
  }
};

struct Softplus {
  double beta, threshold;
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    const T scaled = x * static_cast<T>(beta);
    return scaled > static_cast<T>(threshold) ? x : std::log1p(std::exp(scaled)) / static_cast<T>(beta);
  }
};

struct IsNan {
  template <Real T>
  SCONCE_HOST_DEVICE bool operator()(T x) const {
    return x != x;
  }
  template <Complex T>
  SCONCE_HOST_DEVICE bool operator()(T x) const {
    return x != x;
  }
};

struct IsInf {
  template <Real T>
  SCONCE_HOST_DEVICE bool operator()(T x) const {
    return std::isinf(x);
  }
  template <Complex T>
  SCONCE_HOST_DEVICE bool operator()(T x) const {
    return std::isinf(x.real()) || std::isinf(x.imag());
  }
};

struct IsFinite {
  template <Real T>
  SCONCE_HOST_DEVICE bool operator()(T x) const {
    return std::isfinite(x);
  }
  template <Complex T>
  SCONCE_HOST_DEVICE bool operator()(T x) const {
    return std::isfinite(x.real()) && std::isfinite(x.imag());
  }
};

struct LogicalNot {
  template <class T>
  SCONCE_HOST_DEVICE bool operator()(T x) const {
    return x == T(0);
  }
};

struct BitwiseNot {
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T x) const {
    return ~x;
  }
};

// Calls f(functor) with the formula of `op`. Bound is the type that clamp keeps its bounds in.
template <class Bound, class F>
SCONCE_HOST_DEVICE decltype(auto) with_unary(UnaryOp op, Bound a, Bound b, F&& f) {
  const double p = static_cast<double>(a), q = static_cast<double>(b);
  switch (op) {
    case UnaryOp::neg: return f(Neg{});
    case UnaryOp::abs: return f(Abs{});
    case UnaryOp::exp: return f(Exp{});
    case UnaryOp::log: return f(Log{});
    case UnaryOp::log1p: return f(Log1p{});
    case UnaryOp::expm1: return f(Expm1{});
    case UnaryOp::sqrt: return f(Sqrt{});
    case UnaryOp::rsqrt: return f(Rsqrt{});
    case UnaryOp::sin: return f(Sin{});
    case UnaryOp::cos: return f(Cos{});
    case UnaryOp::tanh: return f(Tanh{});
    case UnaryOp::sigmoid: return f(Sigmoid{});
    case UnaryOp::erf: return f(Erf{});
    case UnaryOp::floor: return f(Floor{});
    case UnaryOp::ceil: return f(Ceil{});
    case UnaryOp::round: return f(Round{});
    case UnaryOp::sign: return f(Sign{});
    case UnaryOp::reciprocal: return f(Reciprocal{});
    case UnaryOp::square: return f(Square{});
    case UnaryOp::relu: return f(Relu{});
    case UnaryOp::leaky_relu: return f(LeakyRelu{p});
    case UnaryOp::elu: return f(Elu{p});
    case UnaryOp::gelu: return f(Gelu{});
    case UnaryOp::gelu_tanh: return f(GeluTanh{});
    case UnaryOp::silu: return f(Silu{});
    case UnaryOp::mish: return f(Mish{});
    case UnaryOp::hardswish: return f(Hardswish{});
    case UnaryOp::hardsigmoid: return f(Hardsigmoid{});
    case UnaryOp::clamp: return f(Clamp<Bound>{a, b});
    case UnaryOp::softplus: return f(Softplus{p, q});
    case UnaryOp::isnan: return f(IsNan{});
    case UnaryOp::isinf: return f(IsInf{});
    case UnaryOp::isfinite: return f(IsFinite{});
    case UnaryOp::logical_not: return f(LogicalNot{});
    case UnaryOp::bitwise_not: break;
  }
  return f(BitwiseNot{});
}

}  // namespace sconce::kernels
