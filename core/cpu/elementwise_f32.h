// Elementwise operations, norms and softmax of f32 on the machine's own kernels.
#pragma once
#include <sconce/kernel_args.h>
#include <sconce/kernels/op_codes.h>

namespace sconce::eager {

// Each says whether it was done: false where there is no such kernel, or an operand lies otherwise than kernels read it.
bool unary(UnaryOp op, const Tensor& x, Tensor& out, const Scalar& a, const Scalar& b);
bool binary(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, float alpha);
bool softmax(bool logarithm, const Tensor& x, const Strips& strips, Tensor& out);
bool row_norm(const RowNormArgs& args);

}  // namespace sconce::eager
