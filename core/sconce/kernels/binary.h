// The formulas of the binary ops, one functor each, for every backend. Compute types as in unary.h.
#pragma once
#include <sconce/kernels/unary.h>

namespace sconce::kernels {

template <class C>
struct Add {
  C alpha;
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return a + alpha * b;
  }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return wrap_add(a, wrap_mul(alpha, b));
  }
  template <Complex T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return alpha == T(1) ? a + b : a + plain_mul(alpha, b);
  }
};

struct Mul {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return a * b;
  }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return wrap_mul(a, b);
  }
  template <Complex T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return plain_mul(a, b);
  }
};

struct Div {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T a, T b) const { return a / b; }
};

// Integer divisors are not 0: the caller has looked. -2^63 / -1 wraps.
struct DivTrunc {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return std::trunc(a / b);
  }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return b == -1 ? wrap_neg(a) : a / b;
  }
};

// The quotient of Python's floor division: exact multiples stay exact, and remainder(a, b) + b * floor agrees
// with a.
struct DivFloor {
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    if (b == T(0)) return a / b;
    const T rest = std::fmod(a, b);
    T quotient = (a - rest) / b;
    if (rest != T(0) && (b < T(0)) != (rest < T(0))) quotient -= T(1);
    if (quotient == T(0)) return std::copysign(T(0), a / b);
    const T whole = std::floor(quotient);
    return quotient - whole > T(0.5) ? whole + T(1) : whole;
  }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    if (b == -1) return wrap_neg(a);
    const int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
  }
};

struct Fmod {  // the sign of the dividend
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return std::fmod(a, b);
  }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return b == -1 ? 0 : a % b;
  }
};

struct Remainder {  // the sign of the divisor
  template <Real T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    const T rest = std::fmod(a, b);
    return rest != T(0) && (b < T(0)) != (rest < T(0)) ? rest + b : rest;
  }
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    if (b == -1) return 0;
    const int64_t rest = a % b;
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
  }
};

struct Pow {
  template <class T>
  requires Real<T> || Complex<T> SCONCE_HOST_DEVICE T operator()(T a, T b) const { return std::pow(a, b); }
  // Wraps around; a negative exponent gives the truncated fraction: 1, -1 or 0.
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 != 0 ? -1 : 1) : 0;
    int64_t result = 1;
    for (; b > 0; b >>= 1, a = wrap_mul(a, a))
      if (b & 1) result = wrap_mul(result, a);
    return result;
  }
};

struct Maximum {  // NaN wins; of equal zeros the first
  template <class T>
  requires Real<T> || Integer<T> SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return a != a || !(b > a || b != b) ? a : b;
  }
};

struct Minimum {
  template <class T>
  requires Real<T> || Integer<T> SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return a != a || !(b < a || b != b) ? a : b;
  }
};

struct LogicalAnd {
  template <class T>
  SCONCE_HOST_DEVICE bool operator()(T a, T b) const {
    return a != T(0) && b != T(0);
  }
};

struct LogicalOr {
  template <class T>
  SCONCE_HOST_DEVICE bool operator()(T a, T b) const {
    return a != T(0) || b != T(0);
  }
};

struct LogicalXor {
  template <class T>
  SCONCE_HOST_DEVICE bool operator()(T a, T b) const {
    return (a != T(0)) != (b != T(0));
  }
};

struct BitwiseAnd {
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return a & b;
  }
};

struct BitwiseOr {
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return a | b;
  }
};

struct BitwiseXor {
  template <Int64 T>
  SCONCE_HOST_DEVICE T operator()(T a, T b) const {
    return a ^ b;
  }
};

// Does the op divide, so that an integer divisor of 0 must be refused?
constexpr bool divides(BinaryOp op) {
  return op == BinaryOp::div_floor || op == BinaryOp::div_trunc || op == BinaryOp::remainder ||
         op == BinaryOp::fmod;
}

// Calls f(functor) with the formula of `op`; C is the compute type.
template <class C, class F>
SCONCE_HOST_DEVICE decltype(auto) with_binary(BinaryOp op, C alpha, F&& f) {
  switch (op) {
    case BinaryOp::add: return f(Add<C>{alpha});
    case BinaryOp::mul: return f(Mul{});
    case BinaryOp::div: return f(Div{});
    case BinaryOp::div_floor: return f(DivFloor{});
    case BinaryOp::div_trunc: return f(DivTrunc{});
    case BinaryOp::pow: return f(Pow{});
    case BinaryOp::maximum: return f(Maximum{});
    case BinaryOp::minimum: return f(Minimum{});
    case BinaryOp::remainder: return f(Remainder{});
    case BinaryOp::fmod: return f(Fmod{});
    case BinaryOp::logical_and: return f(LogicalAnd{});
    case BinaryOp::logical_or: return f(LogicalOr{});
    case BinaryOp::logical_xor: return f(LogicalXor{});
    case BinaryOp::bitwise_and: return f(BitwiseAnd{});
    case BinaryOp::bitwise_or: return f(BitwiseOr{});
    case BinaryOp::bitwise_xor: break;
  }
  return f(BitwiseXor{});
}

}  // namespace sconce::kernels
