#include <sconce/ops/activation.h>
#include <sconce/ops/promotion.h>

#include <cmath>
#include <limits>
#include <utility>

#include "ops/in_place.h"
#include "ops/unary.h"

namespace sconce {

using namespace dtypes;

namespace {

Tensor of_floats(const char* name, UnaryOp op, const Tensor& self, Recorder::Inputs more = {},
                 const Scalar& a = 0, const Scalar& b = 0) {
  check_dtype(name, self.dtype(), floats);
  return run_unary(name, op, self, self.dtype(), std::move(more), a, b);
}

// The range of an integer dtype, cut to int64.
std::pair<int64_t, int64_t> range_of(DType t) {
  constexpr int64_t largest = std::numeric_limits<int64_t>::max();
  const int bits = static_cast<int>(size_of(t)) * 8;
  if (t == DType::u64 || t == DType::i64)
    return {t == DType::u64 ? 0 : std::numeric_limits<int64_t>::min(), largest};
  const bool is_unsigned = t == DType::u8 || t == DType::u16 || t == DType::u32;
  if (is_unsigned) return {0, (int64_t{1} << bits) - 1};
  return {-(int64_t{1} << (bits - 1)), (int64_t{1} << (bits - 1)) - 1};
}

// Bounds as the kernel takes them; absent ones are the ends of the range. A floating bound of integers is
// truncated.
std::pair<Scalar, Scalar> bounds_for(DType t, const std::optional<Scalar>& min,
                                     const std::optional<Scalar>& max) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (!is_integral(t)) return {min.value_or(-infinity), max.value_or(infinity)};
  const auto [lowest, highest] = range_of(t);
  const auto whole = [](const Scalar& s) {
    check(std::abs(s.to_double()) < 9223372036854775808.0 || s.is_integral(),
          "value cannot be converted to type int64_t without overflow");
    return s.to_int64();
  };
  const int64_t low = min ? whole(*min) : std::numeric_limits<int64_t>::min();
  const int64_t high = max ? whole(*max) : std::numeric_limits<int64_t>::max();
  check(low <= highest, "Clamp min value ", low, " is outside the representable range of ",
        scalar_type_name(t));
  check(high >= lowest, "Clamp max value ", high, " is outside the representable range of ",
        scalar_type_name(t));
  return {low, high};
}

Tensor clamp_to(const char* name, const Tensor& self, DType result, const std::optional<Scalar>& min,
                const std::optional<Scalar>& max, Recorder::Inputs more) {
  check_dtype(name, result, floats | integers | wide_unsigned);
  const auto bounds = bounds_for(result, min, max);
  return run_unary(name, UnaryOp::clamp, self, result, std::move(more), bounds.first, bounds.second);
}

}  // namespace

Tensor relu(const Tensor& self) {
  check_dtype("relu", self.dtype(), floats | integers | wide_unsigned);
  return run_unary("relu", UnaryOp::relu, self, self.dtype());
}

Tensor& relu_(Tensor& self) {
  check_dtype("relu_", self.dtype(), floats | integers | wide_unsigned);
  if (Recorder* r = Recorder::active())
    return self =
               r->record("aten.relu_.default", {{"self", self}}, self.shape(), self.dtype(), Aliasing::write);
  check_writable(self, self.shape());
  return self.copy_(relu(self));
}

Tensor relu6(const Tensor& self) { return clamp_to("relu6", self, self.dtype(), 0, 6, {}); }

Tensor hardtanh(const Tensor& self, const Scalar& min_val, const Scalar& max_val) {
  check(!(min_val.to_double() > max_val.to_double()), "[hardtanh] min_val cannot be greater than max_val");
  return clamp_to("hardtanh", self, self.dtype(), min_val, max_val,
                  {{"min_val", as_input(min_val)}, {"max_val", as_input(max_val)}});
}

Tensor clamp(const Tensor& self, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  check(min || max, "torch.clamp: At least one of 'min' or 'max' must not be None");
  ResultType common;
  common.add(self);
  if (min) common.add(*min);
  if (max) common.add(*max);
  return clamp_to("clamp", self, common.dtype(), min, max, {{"min", recorded(min)}, {"max", recorded(max)}});
}

Tensor leaky_relu(const Tensor& self, double negative_slope) {
  return of_floats("leaky_relu", UnaryOp::leaky_relu, self, {{"negative_slope", negative_slope}},
                   negative_slope);
}

Tensor elu(const Tensor& self, double alpha) {
  return of_floats("elu", UnaryOp::elu, self,
                   {{"alpha", alpha}, {"scale", int64_t{1}}, {"input_scale", int64_t{1}}}, alpha);
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
  return of_floats("softplus", UnaryOp::softplus, self, {{"beta", beta}, {"threshold", threshold}}, beta,
                   threshold);
}

Tensor sigmoid(const Tensor& self) {
  check_dtype("sigmoid", self.dtype(), floats | integers | wide_unsigned | boolean | complex);
  return run_unary("sigmoid", UnaryOp::sigmoid, self, float_result(self.dtype()));
}

}  // namespace sconce
