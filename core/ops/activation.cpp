#include <sconce/ops/activation.h>
#include <sconce/ops/promotion.h>

#include <limits>

#include "ops/in_place.h"
#include "ops/unary.h"

namespace sconce {

using namespace dtypes;

namespace {

Tensor of_floats(const char* name, UnaryOp op, const Tensor& self, Recorder::Inputs more = {}, const Scalar& a = 0,
                 const Scalar& b = 0) {
  check_dtype(name, self.dtype(), floats);
  return run_unary(name, op, self, self.dtype(), std::move(more), a, b);
}

Scalar lowest_bound(DType t) {
  return is_floating_point(t) ? Scalar(-std::numeric_limits<double>::infinity()) : Scalar(std::numeric_limits<int64_t>::min());
}
Scalar highest_bound(DType t) {
  return is_floating_point(t) ? Scalar(std::numeric_limits<double>::infinity()) : Scalar(std::numeric_limits<int64_t>::max());
}

// A bound as the kernel takes it: a floating bound of integers is truncated, beyond int64 it is none.
Scalar bound_for(DType t, const Scalar& s) {
  if (is_floating_point(t) || !s.is_floating_point()) return s;
  const double v = s.to_double();
  if (v >= 9223372036854775807.0) return std::numeric_limits<int64_t>::max();
  return v > -9223372036854775808.0 ? s.to_int64() : std::numeric_limits<int64_t>::min();
}

}  // namespace

Tensor relu(const Tensor& self) {
  check_dtype("relu", self.dtype(), floats | integers | wide_unsigned);
  return run_unary("relu", UnaryOp::relu, self, self.dtype());
}

Tensor& relu_(Tensor& self) {
  check_dtype("relu_", self.dtype(), floats | integers | wide_unsigned);
  if (Recorder* r = Recorder::active())
    return self = r->record("aten.relu_.default", {{"self", self}}, self.shape(), self.dtype(), Aliasing::write);
  check_writable(self, self.shape());
  return self.copy_(relu(self));
}

Tensor relu6(const Tensor& self) {
  check_dtype("relu6", self.dtype(), floats | integers | wide_unsigned);
  return run_unary("relu6", UnaryOp::clamp, self, self.dtype(), {}, 0, 6);
}

Tensor hardtanh(const Tensor& self, const Scalar& min_val, const Scalar& max_val) {
  check_dtype("hardtanh", self.dtype(), floats | integers | wide_unsigned);
  check(!(min_val.to_double() > max_val.to_double()), "[hardtanh] min_val cannot be greater than max_val");
  return run_unary("hardtanh", UnaryOp::clamp, self, self.dtype(), {{"min_val", recorded(min_val)}, {"max_val", recorded(max_val)}},
                   bound_for(self.dtype(), min_val), bound_for(self.dtype(), max_val));
}

Tensor clamp(const Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  check(min || max, "torch.clamp: At least one of 'min' or 'max' must not be None");
  ResultType common;
  common.add(self);
  if (min) common.add(*min);
  if (max) common.add(*max);
  const DType result = common.dtype();
  check_dtype("clamp", result, floats | integers | wide_unsigned);
  return run_unary("clamp", UnaryOp::clamp, self, result, {{"min", recorded(min)}, {"max", recorded(max)}},
                   min.value_or(lowest_bound(result)), max.value_or(highest_bound(result)));
}

Tensor leaky_relu(const Tensor& self, double negative_slope) {
  return of_floats("leaky_relu", UnaryOp::leaky_relu, self, {{"negative_slope", negative_slope}}, negative_slope);
}

Tensor elu(const Tensor& self, double alpha) {
  return of_floats("elu", UnaryOp::elu, self, {{"alpha", alpha}, {"scale", int64_t{1}}, {"input_scale", int64_t{1}}}, alpha);
}

Tensor gelu(const Tensor& self, std::string_view approximate) {
  check(approximate == "none" || approximate == "tanh", "approximate argument must be either none or tanh.");
  return of_floats("gelu", approximate == "none" ? UnaryOp::gelu : UnaryOp::gelu_tanh, self,
                   {{"approximate", std::string(approximate)}});
}

Tensor silu(const Tensor& self) {
  check_dtype("silu", self.dtype(), floats | complex);
  return run_unary("silu", UnaryOp::silu, self, self.dtype());
}

Tensor mish(const Tensor& self) { return of_floats("mish", UnaryOp::mish, self); }
Tensor hardswish(const Tensor& self) { return of_floats("hardswish", UnaryOp::hardswish, self); }
Tensor hardsigmoid(const Tensor& self) { return of_floats("hardsigmoid", UnaryOp::hardsigmoid, self); }

Tensor softplus(const Tensor& self, double beta, double threshold) {
  return of_floats("softplus", UnaryOp::softplus, self, {{"beta", beta}, {"threshold", threshold}}, beta, threshold);
}

Tensor sigmoid(const Tensor& self) {
  check_dtype("sigmoid", self.dtype(), floats | integers | wide_unsigned | boolean | complex);
  return run_unary("sigmoid", UnaryOp::sigmoid, self, float_result(self.dtype()));
}

}  // namespace sconce
