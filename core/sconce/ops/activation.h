// Activation functions, as those of torch.nn.functional. NaN goes through all of them.
#pragma once
#include <sconce/tensor.h>

#include <string_view>

namespace sconce {

// max(self, 0); also of integers.
Tensor relu(const Tensor& self);
// In place; returns self.
Tensor& relu_(Tensor& self);
// min(max(self, 0), 6); also of integers.
Tensor relu6(const Tensor& self);
// self, or negative_slope * self below 0.
Tensor leaky_relu(const Tensor& self, double negative_slope = 0.01);
// self, or alpha * (exp(self) - 1) below 0.
Tensor elu(const Tensor& self, double alpha = 1.0);
// self * Phi(self). approximate is "none" (by the error function) or "tanh".
Tensor gelu(const Tensor& self, std::string_view approximate = "none");
// self * sigmoid(self); also of complex numbers.
Tensor silu(const Tensor& self);
// self * tanh(softplus(self)).
Tensor mish(const Tensor& self);
// self * relu6(self + 3) / 6.
Tensor hardswish(const Tensor& self);
// relu6(self + 3) / 6.
Tensor hardsigmoid(const Tensor& self);
// min(max(self, min_val), max_val); also of integers. Throws ErrorKind::invalid_argument when min_val >
// max_val.
Tensor hardtanh(const Tensor& self, const Scalar& min_val = -1.0, const Scalar& max_val = 1.0);
// log(1 + exp(beta * self)) / beta, or self where beta * self > threshold.
Tensor softplus(const Tensor& self, double beta = 1.0, double threshold = 20.0);
// 1 / (1 + exp(-self)); f32 for integers; also of complex numbers.
Tensor sigmoid(const Tensor& self);

}  // namespace sconce
