#include <sconce/nn/activation.h>
#include <sconce/ops.h>

#include "python_repr.h"

namespace sconce::nn {
namespace {

std::string inplace_suffix(bool inplace) { return inplace ? ", inplace=True" : ""; }
std::string dim_repr(const std::optional<int64_t>& dim) {
  return "dim=" + (dim ? std::to_string(*dim) : "None");
}
// PyTorch's choice where the dimension is left open.
int64_t implicit_dim(const Tensor& x) { return x.dim() == 0 || x.dim() == 1 || x.dim() == 3 ? 0 : 1; }

}  // namespace

Tensor ReLU::forward(const Tensor& x) const { return relu(x); }
Tensor ReLU6::forward(const Tensor& x) const { return relu6(x); }
Tensor SiLU::forward(const Tensor& x) const { return silu(x); }
Tensor Hardswish::forward(const Tensor& x) const { return hardswish(x); }
Tensor Hardsigmoid::forward(const Tensor& x) const { return hardsigmoid(x); }
Tensor Mish::forward(const Tensor& x) const { return mish(x); }
Tensor Sigmoid::forward(const Tensor& x) const { return sigmoid(x); }
Tensor Tanh::forward(const Tensor& x) const { return tanh(x); }
// log(sigmoid(x)) = -softplus(-x), which neither overflows nor loses small values.
Tensor LogSigmoid::forward(const Tensor& x) const { return neg(softplus(neg(x), 1.0, 100.0)); }

Tensor LeakyReLU::forward(const Tensor& x) const { return leaky_relu(x, negative_slope); }
std::string LeakyReLU::extra_repr() const {
  return "negative_slope=" + python_repr(negative_slope) + inplace_suffix(inplace);
}

Tensor ELU::forward(const Tensor& x) const { return elu(x, alpha); }
std::string ELU::extra_repr() const { return "alpha=" + python_repr(alpha) + inplace_suffix(inplace); }

GELU::GELU(std::string approximation) : approximate(std::move(approximation)) {
  check(approximate == "none" || approximate == "tanh", "approximate argument must be either none or tanh.");
}
Tensor GELU::forward(const Tensor& x) const { return gelu(x, approximate); }
std::string GELU::extra_repr() const { return "approximate=" + python_repr(approximate); }

Tensor Softplus::forward(const Tensor& x) const { return softplus(x, beta, threshold); }
std::string Softplus::extra_repr() const {
  return "beta=" + python_repr(beta) + ", threshold=" + python_repr(threshold);
}

Tensor Softmax::forward(const Tensor& x) const { return softmax(x, dim.value_or(implicit_dim(x))); }
std::string Softmax::extra_repr() const { return dim_repr(dim); }

Tensor LogSoftmax::forward(const Tensor& x) const { return log_softmax(x, dim.value_or(implicit_dim(x))); }
std::string LogSoftmax::extra_repr() const { return dim_repr(dim); }

}  // namespace sconce::nn
