// The interpreter's table of elementwise ops, comparisons and activations.
#include <sconce/ops.h>

#include "graph/interpret_call.h"

namespace sconce::interpreter {
namespace {

// One that reads `self` alone.
template <Tensor (*f)(const Tensor&)>
Results unary(const Call& c) {
  return {f(c.self())};
}
template <Tensor (*f)(const Tensor&, const Tensor&)>
Results binary(const Call& c) {
  return {f(c.self(), c.other())};
}
template <Tensor (*f)(const Tensor&, const Scalar&)>
Results with_number(const Call& c) {
  return {f(c.self(), c.scalar("other"))};
}

// A write gives what the operand would hold.
template <class F>
Results written(const Call& c, F f) {
  Tensor target = c.self().clone();
  f(target);
  return {target};
}

std::optional<Scalar> bound(const Call& c, std::string_view name) {
  if (c.is_none(name)) return std::nullopt;
  return c.scalar(name);
}

}  // namespace

std::span<const Entry> elementwise_entries() {
  static constexpr Entry entries[] = {
      {"aten.add.Tensor",
       [](const Call& c) -> Results { return {add(c.self(), c.other(), c.scalar("alpha"))}; }},
      {"aten.add.Scalar",
       [](const Call& c) -> Results { return {add(c.self(), c.scalar("other"), c.scalar("alpha"))}; }},
      {"aten.sub.Tensor",
       [](const Call& c) -> Results { return {sub(c.self(), c.other(), c.scalar("alpha"))}; }},
      {"aten.sub.Scalar",
       [](const Call& c) -> Results { return {sub(c.self(), c.scalar("other"), c.scalar("alpha"))}; }},
      {"aten.rsub.Scalar",
       [](const Call& c) -> Results { return {rsub(c.self(), c.scalar("other"), c.scalar("alpha"))}; }},
      {"aten.mul.Tensor", binary<mul>},
      {"aten.mul.Scalar", with_number<mul>},
      {"aten.div.Tensor", [](const Call& c) -> Results { return {div(c.self(), c.other())}; }},
      {"aten.div.Scalar", [](const Call& c) -> Results { return {div(c.self(), c.scalar("other"))}; }},
      {"aten.div.Tensor_mode",
       [](const Call& c) -> Results { return {div(c.self(), c.other(), c.text("rounding_mode"))}; }},
      {"aten.div.Scalar_mode",
       [](const Call& c) -> Results { return {div(c.self(), c.scalar("other"), c.text("rounding_mode"))}; }},
      {"aten.remainder.Tensor", binary<remainder>},
      {"aten.remainder.Scalar", with_number<remainder>},
      {"aten.fmod.Tensor", binary<fmod>},
      {"aten.fmod.Scalar", with_number<fmod>},
      {"aten.pow.Tensor_Tensor",
       [](const Call& c) -> Results { return {pow(c.self(), c.tensor("exponent"))}; }},
      {"aten.pow.Tensor_Scalar",
       [](const Call& c) -> Results { return {pow(c.self(), c.scalar("exponent"))}; }},
      {"aten.pow.Scalar",
       [](const Call& c) -> Results { return {pow(c.scalar("self"), c.tensor("exponent"))}; }},
      {"aten.maximum.default", binary<maximum>},
      {"aten.minimum.default", binary<minimum>},
      {"aten.logical_and.default", binary<logical_and>},
      {"aten.logical_or.default", binary<logical_or>},
      {"aten.logical_xor.default", binary<logical_xor>},
      {"aten.bitwise_and.Tensor", binary<bitwise_and>},
      {"aten.bitwise_or.Tensor", binary<bitwise_or>},
      {"aten.bitwise_xor.Tensor", binary<bitwise_xor>},
      {"aten.eq.Tensor", binary<eq>},
      {"aten.eq.Scalar", with_number<eq>},
      {"aten.ne.Tensor", binary<ne>},
      {"aten.ne.Scalar", with_number<ne>},
      {"aten.lt.Tensor", binary<lt>},
      {"aten.lt.Scalar", with_number<lt>},
      {"aten.le.Tensor", binary<le>},
      {"aten.le.Scalar", with_number<le>},
      {"aten.gt.Tensor", binary<gt>},
      {"aten.gt.Scalar", with_number<gt>},
      {"aten.ge.Tensor", binary<ge>},
      {"aten.ge.Scalar", with_number<ge>},
      {"aten.logical_not.default", unary<logical_not>},
      {"aten.bitwise_not.default", unary<bitwise_not>},
      {"aten.neg.default", unary<neg>},
      {"aten.abs.default", unary<abs>},
      {"aten.square.default", unary<square>},
      {"aten.sign.default", unary<sign>},
      {"aten.floor.default", unary<floor>},
      {"aten.ceil.default", unary<ceil>},
      {"aten.round.default", unary<round>},
      {"aten.exp.default", unary<exp>},
      {"aten.log.default", unary<log>},
      {"aten.log1p.default", unary<log1p>},
      {"aten.expm1.default", unary<expm1>},
      {"aten.sqrt.default", unary<sqrt>},
      {"aten.rsqrt.default", unary<rsqrt>},
      {"aten.reciprocal.default", unary<reciprocal>},
      {"aten.sin.default", unary<sin>},
      {"aten.cos.default", unary<cos>},
      {"aten.tanh.default", unary<tanh>},
      {"aten.erf.default", unary<erf>},
      {"aten.isnan.default", unary<isnan>},
      {"aten.isinf.default", unary<isinf>},
      {"aten.isfinite.default", unary<isfinite>},
      {"aten.relu.default", unary<relu>},
      {"aten.relu6.default", unary<relu6>},
      {"aten.silu.default", unary<silu>},
      {"aten.mish.default", unary<mish>},
      {"aten.hardswish.default", unary<hardswish>},
      {"aten.hardsigmoid.default", unary<hardsigmoid>},
      {"aten.sigmoid.default", unary<sigmoid>},
      {"aten.gelu.default", [](const Call& c) -> Results { return {gelu(c.self(), c.text("approximate"))}; }},
      {"aten.hardtanh.default",
       [](const Call& c) -> Results {
         return {hardtanh(c.self(), c.scalar("min_val"), c.scalar("max_val"))};
       }},
      {"aten.clamp.default",
       [](const Call& c) -> Results { return {clamp(c.self(), bound(c, "min"), bound(c, "max"))}; }},
      {"aten.leaky_relu.default",
       [](const Call& c) -> Results { return {leaky_relu(c.self(), c.number("negative_slope"))}; }},
      {"aten.elu.default", [](const Call& c) -> Results { return {elu(c.self(), c.number("alpha"))}; }},
      {"aten.softplus.default",
       [](const Call& c) -> Results {
         return {softplus(c.self(), c.number("beta"), c.number("threshold"))};
       }},
      {"aten.relu_.default",
       [](const Call& c) -> Results { return written(c, [&](Tensor& t) { relu_(t); }); }},
      {"aten.add_.Tensor",
       [](const Call& c) -> Results {
         return written(c, [&](Tensor& t) { add_(t, c.other(), c.scalar("alpha")); });
       }},
      {"aten.add_.Scalar",
       [](const Call& c) -> Results {
         return written(c, [&](Tensor& t) { add_(t, c.scalar("other"), c.scalar("alpha")); });
       }},
      {"aten.sub_.Tensor",
       [](const Call& c) -> Results {
         return written(c, [&](Tensor& t) { sub_(t, c.other(), c.scalar("alpha")); });
       }},
      {"aten.sub_.Scalar",
       [](const Call& c) -> Results {
         return written(c, [&](Tensor& t) { sub_(t, c.scalar("other"), c.scalar("alpha")); });
       }},
      {"aten.mul_.Tensor",
       [](const Call& c) -> Results { return written(c, [&](Tensor& t) { mul_(t, c.other()); }); }},
      {"aten.mul_.Scalar",
       [](const Call& c) -> Results { return written(c, [&](Tensor& t) { mul_(t, c.scalar("other")); }); }},
      {"aten.div_.Tensor",
       [](const Call& c) -> Results { return written(c, [&](Tensor& t) { div_(t, c.other()); }); }},
      {"aten.div_.Scalar",
       [](const Call& c) -> Results { return written(c, [&](Tensor& t) { div_(t, c.scalar("other")); }); }},
      {"aten.div_.Tensor_mode",
       [](const Call& c) -> Results {
         return written(c, [&](Tensor& t) { div_(t, c.other(), c.text("rounding_mode")); });
       }},
      {"aten.div_.Scalar_mode",
       [](const Call& c) -> Results {
         return written(c, [&](Tensor& t) { div_(t, c.scalar("other"), c.text("rounding_mode")); });
       }},
  };
  return entries;
}

}  // namespace sconce::interpreter
