// Comparing: promotion, broadcasting and checks.
#include <sconce/backend.h>
#include <sconce/ops/compare.h>
#include <sconce/ops/create.h>
#include <sconce/ops/elementwise.h>
#include <sconce/ops/promotion.h>

#include <algorithm>
#include <cstring>

#include "ops/arguments.h"
#include "ops/copy_elements.h"
#include "ops/dtype_set.h"

namespace sconce {

using namespace dtypes;

namespace {

const char* name_of(CompareOp op) {
  constexpr const char* names[] = {"eq", "ne", "lt", "le", "gt", "ge"};
  return names[static_cast<size_t>(op)];
}

void check_comparable(CompareOp op, DType dtype) {
  check_dtype(name_of(op), dtype,
              op == CompareOp::eq || op == CompareOp::ne ? numeric : floats | integers | boolean);
}

// Both of one dtype, on one device, no recorder.
Tensor run_compare(CompareOp op, const Tensor& self, const Tensor& other, const Shape& shape) {
  Tensor out = empty(shape, DType::boolean, self.device());
  if (out.numel() > 0 && out.device() != meta) backend_of(self.device()).compare(op, self, other, out);
  return out;
}

Tensor compare(CompareOp op, const Tensor& self, const Tensor& other) {
  check_tensors(name_of(op), {&self, &other});
  const DType common = result_type(self, other);
  check_comparable(op, common);
  const Shape shape = broadcast(self.shape(), other.shape());
  if (Recorder* r = Recorder::active())
    return r->record(concat("aten.", name_of(op), ".Tensor"), {{"self", self}, {"other", other}}, shape,
                     DType::boolean);
  return run_compare(op, self.to(common), other.to(common), shape);
}

Tensor compare(CompareOp op, const Tensor& self, const Scalar& other) {
  check_defined(name_of(op), self);
  const DType common = result_type(self, other);
  check_comparable(op, common);
  if (Recorder* r = Recorder::active())
    return r->record(concat("aten.", name_of(op), ".Scalar"), {{"self", self}, {"other", recorded(other)}},
                     self.shape(), DType::boolean);
  // The number as a tensor of all its digits, then cast: integers wrap, floating numbers round.
  const DType exact = other.is_floating_point() ? DType::f64
                      : other.is_complex()      ? DType::complex128
                                                : other.dtype();
  return run_compare(op, self.to(common), scalar_tensor(other, exact).to(common).to(self.device()),
                     self.shape());
}

bool all_true(const Tensor& flags) {
  const Tensor here = flags.to(cpu);
  const bool* values = here.data<bool>();
  return std::all_of(values, values + here.numel(), [](bool v) { return v; });
}

void check_not_recording(const char* op) {
  if (Recorder::active())
    fail(ErrorKind::unsupported, "[", op, "] cannot be recorded: its result is a value, not a tensor");
}

}  // namespace

Tensor eq(const Tensor& self, const Tensor& other) { return compare(CompareOp::eq, self, other); }
Tensor eq(const Tensor& self, const Scalar& other) { return compare(CompareOp::eq, self, other); }
Tensor ne(const Tensor& self, const Tensor& other) { return compare(CompareOp::ne, self, other); }
Tensor ne(const Tensor& self, const Scalar& other) { return compare(CompareOp::ne, self, other); }
Tensor lt(const Tensor& self, const Tensor& other) { return compare(CompareOp::lt, self, other); }
Tensor lt(const Tensor& self, const Scalar& other) { return compare(CompareOp::lt, self, other); }
Tensor le(const Tensor& self, const Tensor& other) { return compare(CompareOp::le, self, other); }
Tensor le(const Tensor& self, const Scalar& other) { return compare(CompareOp::le, self, other); }
Tensor gt(const Tensor& self, const Tensor& other) { return compare(CompareOp::gt, self, other); }
Tensor gt(const Tensor& self, const Scalar& other) { return compare(CompareOp::gt, self, other); }
Tensor ge(const Tensor& self, const Tensor& other) { return compare(CompareOp::ge, self, other); }
Tensor ge(const Tensor& self, const Scalar& other) { return compare(CompareOp::ge, self, other); }

bool equal(const Tensor& self, const Tensor& other) {
  check_tensors("equal", {&self, &other});
  check_not_recording("equal");
  check(self.device() != meta, "[equal] tensors on device meta have no data to compare");
  if (self.shape() != other.shape()) return false;
  if (self.dtype() == other.dtype() && !is_numeric(self.dtype())) {
    const Tensor a = self.to(cpu).contiguous(), b = other.to(cpu).contiguous();
    return a.nbytes() == 0 || std::memcmp(a.data(), b.data(), static_cast<size_t>(a.nbytes())) == 0;
  }
  const DType common = promote_types(self.dtype(), other.dtype());
  return all_true(run_compare(CompareOp::eq, self.to(common), other.to(common), self.shape()));
}

Tensor isclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  check_tensors("isclose", {&self, &other});
  check(self.dtype() == other.dtype(), scalar_type_name(self.dtype()), " did not match ",
        scalar_type_name(other.dtype()));
  check(rtol >= 0, "rtol must be greater than or equal to zero, but got ", rtol);
  check(atol >= 0, "atol must be greater than or equal to zero, but got ", atol);
  Tensor close = eq(self, other);
  const bool inexact = is_floating_point(self.dtype()) || is_complex(self.dtype());
  if (equal_nan && inexact) close = logical_or(close, logical_and(ne(self, self), ne(other, other)));
  if (rtol == 0 && atol == 0) return close;
  const Tensor reference = inexact ? other : other.to(DType::f32);
  const Tensor allowed = add(abs(mul(reference, rtol)), atol);
  const Tensor error = abs(sub(self.dtype() == DType::boolean ? self.to(DType::f32) : self, reference));
  return logical_or(close, logical_and(isfinite(error), le(error, allowed)));
}

bool allclose(const Tensor& self, const Tensor& other, double rtol, double atol, bool equal_nan) {
  check_not_recording("allclose");
  return all_true(isclose(self, other, rtol, atol, equal_nan));
}

}  // namespace sconce
