#include "ops/unary.h"

#include <sconce/backend.h>
#include <sconce/ops/create.h>
#include <sconce/ops/elementwise.h>

#include <limits>

namespace sconce {

using namespace dtypes;

DType float_result(DType dtype) { return is_integral(dtype) || dtype == DType::boolean ? DType::f32 : dtype; }

Tensor run_unary(const char* name, UnaryOp op, const Tensor& self, DType result, Recorder::Inputs more,
                 const Scalar& a, const Scalar& b) {
  check_tensors(name, {&self});
  if (Recorder* r = Recorder::active()) {
    more.insert(more.begin(), {"self", self});
    return r->record(concat("aten.", name, ".default"), std::move(more), self.shape(), result);
  }
  Tensor out = empty(self.shape(), result, self.device());
  if (out.numel() > 0) backend_of(self.device()).unary(op, self, out, a, b);
  return out;
}

namespace {

constexpr DTypeSet promoting = floats | integers | wide_unsigned | boolean;

// exp and its like: floating results.
Tensor float_unary(const char* name, UnaryOp op, const Tensor& self, DTypeSet taken) {
  check_dtype(name, self.dtype(), taken);
  return run_unary(name, op, self, float_result(self.dtype()));
}

// floor, ceil, round: integers stay as they are.
Tensor whole(const char* name, UnaryOp op, const Tensor& self) {
  check_dtype(name, self.dtype(), floats | integers | wide_unsigned);
  if (is_integral(self.dtype()) && !Recorder::active()) return self.clone();
  return run_unary(name, op, self, self.dtype());
}

// isnan and its like; `of_integers` is the answer for dtypes that have no such values.
Tensor classify(const char* name, UnaryOp op, const Tensor& self, bool of_integers) {
  check_dtype(name, self.dtype(), numeric);
  if ((is_integral(self.dtype()) || self.dtype() == DType::boolean) && !Recorder::active())
    return full(self.shape(), of_integers, DType::boolean, self.device());
  return run_unary(name, op, self, DType::boolean);
}

}  // namespace

Tensor neg(const Tensor& self) {
  if (self.dtype() == DType::boolean)
    fail(ErrorKind::unsupported,
         "[neg] Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
         "mask, use "
         "logical_not() instead.");
  check_dtype("neg", self.dtype(), floats | integers | complex32 | complex);
  return run_unary("neg", UnaryOp::neg, self, self.dtype());
}

Tensor abs(const Tensor& self) {
  check_dtype("abs", self.dtype(), floats | float8 | integers | complex32 | complex);
  const DType result = self.dtype() == DType::complex32    ? DType::f16
                       : self.dtype() == DType::complex64  ? DType::f32
                       : self.dtype() == DType::complex128 ? DType::f64
                                                           : self.dtype();
  return run_unary("abs", UnaryOp::abs, self, result);
}

Tensor square(const Tensor& self) {
  check_dtype("square", self.dtype(), floats | integers | boolean | complex);
  return run_unary("square", UnaryOp::square, self,
                   self.dtype() == DType::boolean ? DType::i64 : self.dtype());
}

Tensor sign(const Tensor& self) {
  check_dtype("sign", self.dtype(), floats | integers | boolean);
  return run_unary("sign", UnaryOp::sign, self, self.dtype());
}

Tensor floor(const Tensor& self) { return whole("floor", UnaryOp::floor, self); }
Tensor ceil(const Tensor& self) { return whole("ceil", UnaryOp::ceil, self); }
Tensor round(const Tensor& self) { return whole("round", UnaryOp::round, self); }
Tensor exp(const Tensor& self) { return float_unary("exp", UnaryOp::exp, self, promoting | complex); }
Tensor log(const Tensor& self) { return float_unary("log", UnaryOp::log, self, promoting | complex); }
Tensor log1p(const Tensor& self) { return float_unary("log1p", UnaryOp::log1p, self, promoting | complex); }
Tensor expm1(const Tensor& self) { return float_unary("expm1", UnaryOp::expm1, self, promoting | complex); }
Tensor sqrt(const Tensor& self) { return float_unary("sqrt", UnaryOp::sqrt, self, promoting | complex); }
Tensor rsqrt(const Tensor& self) { return float_unary("rsqrt", UnaryOp::rsqrt, self, promoting | complex); }
Tensor reciprocal(const Tensor& self) {
  return float_unary("reciprocal", UnaryOp::reciprocal, self, promoting | complex);
}
Tensor sin(const Tensor& self) { return float_unary("sin", UnaryOp::sin, self, promoting | complex); }
Tensor cos(const Tensor& self) { return float_unary("cos", UnaryOp::cos, self, promoting | complex); }
Tensor tanh(const Tensor& self) { return float_unary("tanh", UnaryOp::tanh, self, promoting | complex); }
Tensor erf(const Tensor& self) { return float_unary("erf", UnaryOp::erf, self, promoting); }
Tensor isnan(const Tensor& self) { return classify("isnan", UnaryOp::isnan, self, false); }
Tensor isinf(const Tensor& self) { return classify("isinf", UnaryOp::isinf, self, false); }
Tensor isfinite(const Tensor& self) { return classify("isfinite", UnaryOp::isfinite, self, true); }

Tensor logical_not(const Tensor& self) {
  check_dtype("logical_not", self.dtype(), floats | integers | boolean | complex);
  return run_unary("logical_not", UnaryOp::logical_not, self, DType::boolean);
}

Tensor bitwise_not(const Tensor& self) {
  check_dtype("bitwise_not", self.dtype(), integers | boolean);
  const UnaryOp op = self.dtype() == DType::boolean ? UnaryOp::logical_not : UnaryOp::bitwise_not;
  return run_unary("bitwise_not", op, self, self.dtype());
}

}  // namespace sconce
