// Elementwise ops of two operands: promotion, broadcasting and the operands' casts.
#include <sconce/backend.h>
#include <sconce/ops/create.h>
#include <sconce/ops/elementwise.h>
#include <sconce/ops/promotion.h>

#include <limits>

#include "ops/dtype_set.h"
#include "ops/in_place.h"

namespace sconce {

using namespace dtypes;

namespace {

constexpr DTypeSet arithmetic = floats | integers | boolean | complex32 | complex;
constexpr DTypeSet dividing = floats | integers;

// A tensor or a number.
struct Operand {
  const Tensor* tensor = nullptr;
  const Scalar* number = nullptr;
  Operand(const Tensor& t) : tensor(&t) {}
  Operand(const Scalar& s) : number(&s) {}
  void join(ResultType& common) const { tensor ? common.add(*tensor) : common.add(*number); }
  Recorder::Input input() const { return tensor ? Recorder::Input(*tensor) : as_input(*number); }
  Shape shape() const { return tensor ? tensor->shape() : Shape(); }
  bool is_boolean() const { return tensor ? tensor->dtype() == DType::boolean : number->is_bool(); }
};

// A number with all its digits, as a 0-dim tensor.
Tensor exactly(const Scalar& s, Device device) {
  const DType dtype = s.is_bool()       ? DType::boolean
                      : s.is_integral() ? DType::i64
                      : s.is_complex()  ? DType::complex128
                                        : DType::f64;
  return full({}, s, dtype, device);
}

// What the kernel reads for `operand` among operands of dtype `common`. Kernels widen on reading, so only a
// cast that loses something is made here; single elements beside small floats keep the digits of f32, as in
// PyTorch.
Tensor adapt(const Operand& operand, DType common, bool keep_digits, Device device) {
  const Tensor t = operand.tensor ? *operand.tensor : exactly(*operand.number, device);
  if (t.dtype() == common) return t;
  const bool small = common == DType::f16 || common == DType::bf16;
  if (small && keep_digits && t.numel() == 1) return t.to(DType::f32);
  if ((common == DType::f32 || common == DType::f64) && (t.dtype() != DType::f64 || t.numel() == 1)) return t;
  return t.to(common);
}

struct Call {
  std::string name;         // "aten.add.Tensor"
  Recorder::Inputs inputs;  // self and other among them
};

// Runs `op` in `common`, giving `result`. The dtypes must have been checked.
Tensor run_binary(Call call, BinaryOp op, const Operand& a, const Operand& b, DType common, DType result,
                  const Scalar& alpha = 1, bool keep_digits = true) {
  const Tensor& first = a.tensor ? *a.tensor : *b.tensor;
  check_tensors(call.name.c_str(), {&first, b.tensor ? b.tensor : &first});
  const Shape shape = broadcast(a.shape(), b.shape());
  if (Recorder* r = Recorder::active())
    return r->record(std::move(call.name), std::move(call.inputs), shape, result);
  const Device device = first.device();
  Tensor out = empty(shape, result, device);
  if (out.numel() > 0)
    backend_of(device).binary(op, adapt(a, common, keep_digits, device),
                              adapt(b, common, keep_digits, device), out, common, alpha);
  return out;
}

DType common_dtype(const Operand& a, const Operand& b) {
  ResultType type;
  a.join(type);
  b.join(type);
  return type.dtype();
}

const char* overload(const Operand& b) { return b.tensor ? ".Tensor" : ".Scalar"; }

// The checks that add and sub share.
DType additive_dtype(const char* name, const Operand& a, const Operand& b, const Scalar& alpha,
                     DTypeSet taken) {
  const DType common = common_dtype(a, b);
  check_dtype(name, common, taken);
  check(!alpha.is_bool() || common == DType::boolean, "Boolean alpha only supported for Boolean results.");
  check(is_floating_point(common) || is_complex(common) || !(alpha.is_floating_point() || alpha.is_complex()),
        "For integral input tensors, argument alpha must not be a floating point number.");
  check(is_complex(common) || !alpha.is_complex(),
        "For non-complex input tensors, argument alpha must not be a complex number.");
  return common;
}

Tensor add_operands(const Tensor& self, const Operand& other, const Scalar& alpha) {
  const DType common = additive_dtype("add", self, other, alpha, arithmetic);
  Call call{concat("aten.add", overload(other)),
            {{"self", self}, {"other", other.input()}, {"alpha", as_input(alpha)}}};
  return run_binary(std::move(call), BinaryOp::add, self, other, common, common,
                    common == DType::boolean ? Scalar(alpha.to_bool()) : alpha, false);
}

Scalar negated(const Scalar& s) {
  if (s.is_complex()) return -s.to_complex();
  if (s.is_floating_point()) return -s.to_double();
  return static_cast<int64_t>(0 - static_cast<uint64_t>(s.to_int64()));
}

DType subtractive_dtype(const Operand& a, const Operand& b, const Scalar& alpha) {
  if (a.is_boolean() && b.is_boolean())
    fail(ErrorKind::unsupported,
         "[sub] Subtraction, the `-` operator, with two bool tensors is not supported. Use logical_xor() "
         "instead.");
  if (a.is_boolean() || b.is_boolean())
    fail(ErrorKind::unsupported,
         "[sub] Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
         "invert a mask, use "
         "logical_not() instead.");
  return additive_dtype("sub", a, b, alpha, floats | integers | complex32 | complex);
}

Tensor sub_operands(const Tensor& self, const Operand& other, const Scalar& alpha) {
  const DType common = subtractive_dtype(self, other, alpha);
  Call call{concat("aten.sub", overload(other)),
            {{"self", self}, {"other", other.input()}, {"alpha", as_input(alpha)}}};
  return run_binary(std::move(call), BinaryOp::add, self, other, common, common, negated(alpha), false);
}

Tensor mul_operands(const Tensor& self, const Operand& other) {
  const DType common = common_dtype(self, other);
  check_dtype("mul", common, numeric);
  // PyTorch's kernel for a single second element has no small floats below 16 bits.
  if ((float8 | e8m0).contains(common) && (other.number || other.tensor->numel() == 1))
    fail_dtype("mul", common);
  Call call{concat("aten.mul", overload(other)), {{"self", self}, {"other", other.input()}}};
  return run_binary(std::move(call), BinaryOp::mul, self, other, common, common);
}

Tensor div_operands(const Tensor& self, const Operand& other, std::optional<std::string_view> rounding_mode) {
  check(!rounding_mode || *rounding_mode == "floor" || *rounding_mode == "trunc",
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '",
        rounding_mode.value_or(""), "'");
  DType common = common_dtype(self, other);
  Call call{concat("aten.div", overload(other)), {{"self", self}, {"other", other.input()}}};
  if (rounding_mode) {
    check_dtype("div", common, dividing);
    call.name += "_mode";
    call.inputs.push_back({"rounding_mode", std::string(*rounding_mode)});
    const BinaryOp op = *rounding_mode == "floor" ? BinaryOp::div_floor : BinaryOp::div_trunc;
    return run_binary(std::move(call), op, self, other, common, common);
  }
  check_dtype("div", common, floats | integers | wide_unsigned | boolean | complex);
  if (is_integral(common) || common == DType::boolean) common = DType::f32;
  return run_binary(std::move(call), BinaryOp::div, self, other, common, common);
}

// remainder and fmod: PyTorch rounds single elements to the common dtype there.
Tensor rest_operands(const char* name, BinaryOp op, const Tensor& self, const Operand& other) {
  const DType common = common_dtype(self, other);
  check_dtype(name, common, dividing);
  Call call{concat("aten.", name, overload(other)), {{"self", self}, {"other", other.input()}}};
  return run_binary(std::move(call), op, self, other, common, common, 1, false);
}

// maximum, minimum and the bitwise ops: between tensors, without arithmetic.
Tensor choose(const char* name, const char* overload_name, BinaryOp op, const Tensor& self,
              const Tensor& other, DTypeSet taken) {
  const DType common = common_dtype(self, other);
  check_dtype(name, common, taken);
  Call call{concat("aten.", name, ".", overload_name), {{"self", self}, {"other", other}}};
  return run_binary(std::move(call), op, self, other, common, common, 1, false);
}

Tensor logical(const char* name, BinaryOp op, const Tensor& self, const Tensor& other) {
  const DType common = common_dtype(self, other);
  check_dtype(name, common, floats | integers | boolean | complex);
  Call call{concat("aten.", name, ".default"), {{"self", self}, {"other", other}}};
  return run_binary(std::move(call), op, self, other, common, DType::boolean, 1, false);
}

Tensor pow_operands(const char* overload_name, const Operand& self, const Operand& exponent) {
  const DType common = common_dtype(self, exponent);
  check_dtype("pow", common, floats | integers | complex);
  Call call{concat("aten.pow.", overload_name), {{"self", self.input()}, {"exponent", exponent.input()}}};
  return run_binary(std::move(call), BinaryOp::pow, self, exponent, common, common, 1, false);
}

}  // namespace

Tensor add(const Tensor& self, const Tensor& other, const Scalar& alpha) {
  return add_operands(self, other, alpha);
}
Tensor add(const Tensor& self, const Scalar& other, const Scalar& alpha) {
  return add_operands(self, other, alpha);
}
Tensor sub(const Tensor& self, const Tensor& other, const Scalar& alpha) {
  return sub_operands(self, other, alpha);
}
Tensor sub(const Tensor& self, const Scalar& other, const Scalar& alpha) {
  return sub_operands(self, other, alpha);
}
Tensor mul(const Tensor& self, const Tensor& other) { return mul_operands(self, other); }
Tensor mul(const Tensor& self, const Scalar& other) { return mul_operands(self, other); }

Tensor rsub(const Tensor& self, const Scalar& other, const Scalar& alpha) {
  const DType common = subtractive_dtype(other, self, alpha);
  Call call{"aten.rsub.Scalar", {{"self", self}, {"other", as_input(other)}, {"alpha", as_input(alpha)}}};
  return run_binary(std::move(call), BinaryOp::add, other, self, common, common, negated(alpha), false);
}

Tensor div(const Tensor& self, const Tensor& other, std::optional<std::string_view> rounding_mode) {
  return div_operands(self, other, rounding_mode);
}
Tensor div(const Tensor& self, const Scalar& other, std::optional<std::string_view> rounding_mode) {
  return div_operands(self, other, rounding_mode);
}

Tensor pow(const Tensor& self, const Tensor& exponent) {
  return pow_operands("Tensor_Tensor", self, exponent);
}
Tensor pow(const Scalar& self, const Tensor& exponent) { return pow_operands("Scalar", self, exponent); }
Tensor pow(const Tensor& self, const Scalar& exponent) {
  const DType common = common_dtype(self, exponent);
  // Some numbers as exponent are special in PyTorch: exact, with their own results at -0.0 and -inf, and for
  // more dtypes.
  const double p = exponent.is_complex() ? std::numeric_limits<double>::quiet_NaN() : exponent.to_double();
  if (Recorder* r = Recorder::active(); r && (p == 0 || p == 1))
    return r->record("aten.pow.Tensor_Scalar", {{"self", self}, {"exponent", as_input(exponent)}},
                     self.shape(), common);
  if (p == 0) return full(self.shape(), 1, common, self.device());
  if (p == 1) return self.dtype() == common ? self.clone() : self.to(common);
  if (!Recorder::active() && common == self.dtype() && (floats | complex).contains(common)) {
    if (p == 0.5) return sqrt(self);
    if (p == 2) return square(self);
    if (p == -0.5) return rsqrt(self);
    if (p == -1) return reciprocal(self);
  }
  if (!is_integral(common) || !exponent.is_integral()) return pow_operands("Tensor_Scalar", self, exponent);
  check(exponent.to_int64() >= 0, "Integers to negative integer powers are not allowed.");
  if (!Recorder::active()) full({}, exponent, common);  // refuses an exponent that the dtype cannot hold
  return pow_operands("Tensor_Scalar", self, exponent);
}

Tensor remainder(const Tensor& self, const Tensor& other) {
  return rest_operands("remainder", BinaryOp::remainder, self, other);
}
Tensor remainder(const Tensor& self, const Scalar& other) {
  return rest_operands("remainder", BinaryOp::remainder, self, other);
}
Tensor fmod(const Tensor& self, const Tensor& other) {
  return rest_operands("fmod", BinaryOp::fmod, self, other);
}
Tensor fmod(const Tensor& self, const Scalar& other) {
  return rest_operands("fmod", BinaryOp::fmod, self, other);
}

constexpr DTypeSet ordered = floats | integers | wide_unsigned | boolean;
Tensor maximum(const Tensor& self, const Tensor& other) {
  return choose("maximum", "default", BinaryOp::maximum, self, other, ordered);
}
Tensor minimum(const Tensor& self, const Tensor& other) {
  return choose("minimum", "default", BinaryOp::minimum, self, other, ordered);
}

constexpr DTypeSet bitwise = integers | wide_unsigned | boolean;
Tensor bitwise_and(const Tensor& self, const Tensor& other) {
  return choose("bitwise_and", "Tensor", BinaryOp::bitwise_and, self, other, bitwise);
}
Tensor bitwise_or(const Tensor& self, const Tensor& other) {
  return choose("bitwise_or", "Tensor", BinaryOp::bitwise_or, self, other, bitwise);
}
Tensor bitwise_xor(const Tensor& self, const Tensor& other) {
  return choose("bitwise_xor", "Tensor", BinaryOp::bitwise_xor, self, other, bitwise);
}

Tensor logical_and(const Tensor& self, const Tensor& other) {
  return logical("logical_and", BinaryOp::logical_and, self, other);
}
Tensor logical_or(const Tensor& self, const Tensor& other) {
  return logical("logical_or", BinaryOp::logical_or, self, other);
}
Tensor logical_xor(const Tensor& self, const Tensor& other) {
  return logical("logical_xor", BinaryOp::logical_xor, self, other);
}

}  // namespace sconce
