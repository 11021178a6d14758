// The small kernels by family: what a backend is asked to compute. Their formulas are in unary.h and binary.h
// beside this.
#pragma once
#include <cstdint>

namespace sconce {

// One element in, one element out. a and b are the parameters named in the comment.
enum class UnaryOp : uint8_t {
  neg,
  abs,
  exp,
  log,
  log1p,
  expm1,
  sqrt,
  rsqrt,
  sin,
  cos,
  tanh,
  sigmoid,
  erf,
  floor,
  ceil,
  round,
  sign,
  reciprocal,
  square,
  relu,
  leaky_relu,  // a: slope for negative values
  elu,         // a: alpha
  gelu,
  gelu_tanh,
  silu,
  mish,
  hardswish,
  hardsigmoid,
  clamp,     // a: min, b: max; NaN stays, a NaN bound makes NaN
  softplus,  // a: beta, b: threshold
  isnan,
  isinf,
  isfinite,
  logical_not,
  bitwise_not,
};

// Two elements in, one out.
enum class BinaryOp : uint8_t {
  add,  // first + alpha * second
  mul,
  div,
  div_floor,
  div_trunc,
  pow,
  maximum,
  minimum,
  remainder,
  fmod,
  logical_and,
  logical_or,
  logical_xor,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
};

// Two elements in, a truth value out.
enum class CompareOp : uint8_t { eq, ne, lt, le, gt, ge };

// Many elements in, one out.
enum class ReduceOp : uint8_t {
  sum,
  mean,
  prod,
  amax,
  amin,
  any,
  all,
  var,
  std,  // parameter: the correction subtracted from the count
  logsumexp,
  norm,  // parameter: the order p of the vector norm
};

enum class ScanOp : uint8_t { sum, prod };

// Where the elements beyond an edge come from.
enum class PadMode : uint8_t { reflect, replicate, circular };

// A contiguous tensor seen as outer x length x inner: a strip is the `length` elements that share the other
// two indices.
struct Strips {
  int64_t outer = 1, length = 1, inner = 1;
};

}  // namespace sconce
