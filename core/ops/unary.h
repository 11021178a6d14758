// How every unary op runs: checked, inferred, then recorded or computed.
#pragma once
#include <sconce/kernels/op_codes.h>

#include "ops/dtype_set.h"

namespace sconce {

// Integers and booleans become f32, others stay: the result dtype of exp, sqrt, sigmoid, ...
DType float_result(DType dtype);

// Records `name` ("exp" makes "aten.exp.default") with `self` and `more`, or runs `op` on the operand's
// elements into a new tensor of `result`. The dtype must have been checked.
Tensor run_unary(const char* name, UnaryOp op, const Tensor& self, DType result, Recorder::Inputs more = {},
                 const Scalar& a = 0, const Scalar& b = 0);

}  // namespace sconce
