// The ops that write into their first operand. Each computes apart and then copies, so that overlap does no
// harm.
#include "ops/in_place.h"

#include <sconce/ops/elementwise.h>
#include <sconce/ops/promotion.h>

#include "ops/arguments.h"

namespace sconce {
namespace {

Shape shape_of(const Tensor& t) { return t.shape(); }
Shape shape_of(const Scalar&) { return {}; }
Recorder::Input input_of(const Tensor& t) { return t; }
Recorder::Input input_of(const Scalar& s) { return as_input(s); }
const char* overload_of(const Tensor&) { return ".Tensor"; }
const char* overload_of(const Scalar&) { return ".Scalar"; }

// `compute` gives the result of dtype `result`, once everything is known to fit.
template <class Other, class F>
Tensor& write(const char* name, Tensor& self, const Other& other, DType result, Recorder::Inputs more,
              const char* suffix, F compute) {
  check(can_cast(result, self.dtype()), "result type ", scalar_type_name(result),
        " can't be cast to the desired output type ", scalar_type_name(self.dtype()));
  check_writable(self, broadcast(self.shape(), shape_of(other)));
  if (Recorder* r = Recorder::active()) {
    Recorder::Inputs inputs{{"self", self}, {"other", input_of(other)}};
    for (auto& input : more) inputs.push_back(std::move(input));
    return self = r->record(concat("aten.", name, overload_of(other), suffix), std::move(inputs),
                            self.shape(), self.dtype(), Aliasing::write);
  }
  return self.copy_(compute());
}

template <class Other>
Tensor& add_to(Tensor& self, const Other& other, const Scalar& alpha) {
  return write("add_", self, other, result_type(self, other), {{"alpha", as_input(alpha)}}, "",
               [&] { return add(self, other, alpha); });
}

template <class Other>
Tensor& sub_from(Tensor& self, const Other& other, const Scalar& alpha) {
  return write("sub_", self, other, result_type(self, other), {{"alpha", as_input(alpha)}}, "",
               [&] { return sub(self, other, alpha); });
}

template <class Other>
Tensor& mul_into(Tensor& self, const Other& other) {
  return write("mul_", self, other, result_type(self, other), {}, "", [&] { return mul(self, other); });
}

template <class Other>
Tensor& div_into(Tensor& self, const Other& other, std::optional<std::string_view> rounding_mode) {
  DType result = result_type(self, other);
  Recorder::Inputs more;
  if (rounding_mode)
    more.push_back({"rounding_mode", std::string(*rounding_mode)});
  else if (is_integral(result) || result == DType::boolean)
    result = DType::f32;
  return write("div_", self, other, result, std::move(more), rounding_mode ? "_mode" : "",
               [&] { return div(self, other, rounding_mode); });
}

}  // namespace

Tensor& add_(Tensor& self, const Tensor& other, const Scalar& alpha) { return add_to(self, other, alpha); }
Tensor& add_(Tensor& self, const Scalar& other, const Scalar& alpha) { return add_to(self, other, alpha); }
Tensor& sub_(Tensor& self, const Tensor& other, const Scalar& alpha) { return sub_from(self, other, alpha); }
Tensor& sub_(Tensor& self, const Scalar& other, const Scalar& alpha) { return sub_from(self, other, alpha); }
Tensor& mul_(Tensor& self, const Tensor& other) { return mul_into(self, other); }
Tensor& mul_(Tensor& self, const Scalar& other) { return mul_into(self, other); }
Tensor& div_(Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return div_into(self, other, rounding_mode);
}
Tensor& div_(Tensor& self, const Scalar& other, std::optional<std::string_view> rounding_mode) {
  return div_into(self, other, rounding_mode);
}

}  // namespace sconce
