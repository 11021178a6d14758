// Activations, named as in torch.nn. `inplace` is only printed: nothing here writes into its input.
#pragma once
#include <sconce/nn/module.h>

#include <optional>

namespace sconce::nn {

// What the activations share whose only argument is `inplace`.
class InplaceActivation : public Module {
 public:
  std::string extra_repr() const override { return inplace ? "inplace=True" : ""; }

  bool inplace;

 protected:
  explicit InplaceActivation(bool in_place) : inplace(in_place) {}
};

// max(x, 0).
class ReLU : public InplaceActivation {
 public:
  explicit ReLU(bool in_place = false) : InplaceActivation(in_place) {}
  Tensor forward(const Tensor& x) const override;
};

// min(max(x, 0), 6).
class ReLU6 : public InplaceActivation {
 public:
  explicit ReLU6(bool in_place = false) : InplaceActivation(in_place) {}
  Tensor forward(const Tensor& x) const override;
};

// x * sigmoid(x).
class SiLU : public InplaceActivation {
 public:
  explicit SiLU(bool in_place = false) : InplaceActivation(in_place) {}
  Tensor forward(const Tensor& x) const override;
};

// x * relu6(x + 3) / 6.
class Hardswish : public InplaceActivation {
 public:
  explicit Hardswish(bool in_place = false) : InplaceActivation(in_place) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override { return ""; }  // PyTorch prints no `inplace` here
};

// relu6(x + 3) / 6.
class Hardsigmoid : public InplaceActivation {
 public:
  explicit Hardsigmoid(bool in_place = false) : InplaceActivation(in_place) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override { return ""; }  // PyTorch prints no `inplace` here
};

// x * tanh(softplus(x)).
class Mish : public InplaceActivation {
 public:
  explicit Mish(bool in_place = false) : InplaceActivation(in_place) {}
  Tensor forward(const Tensor& x) const override;
};

// 1 / (1 + exp(-x)).
class Sigmoid : public Module {
 public:
  Tensor forward(const Tensor& x) const override;
};

// The hyperbolic tangent.
class Tanh : public Module {
 public:
  Tensor forward(const Tensor& x) const override;
};

// log(sigmoid(x)).
class LogSigmoid : public Module {
 public:
  Tensor forward(const Tensor& x) const override;
};

// x where positive, else negative_slope * x.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(double slope = 0.01, bool in_place = false) : negative_slope(slope), inplace(in_place) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  double negative_slope;
  bool inplace;
};

// x where positive, else alpha * (exp(x) - 1).
class ELU : public Module {
 public:
  explicit ELU(double a = 1.0, bool in_place = false) : alpha(a), inplace(in_place) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  double alpha;
  bool inplace;
};

// x * Phi(x); approximate "tanh" takes the tanh formula instead of erf. Throws ErrorKind::invalid_argument on
// other words.
class GELU : public Module {
 public:
  explicit GELU(std::string approximation = "none");
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  std::string approximate;
};

// log(1 + exp(beta * x)) / beta, and x itself where beta * x > threshold.
class Softplus : public Module {
 public:
  explicit Softplus(double b = 1.0, double t = 20.0) : beta(b), threshold(t) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  double beta, threshold;
};

// exp(x) over its sum along `dim`; without one PyTorch's old choice, 0 for ranks 0, 1 and 3, else 1.
class Softmax : public Module {
 public:
  explicit Softmax(std::optional<int64_t> dimension = {}) : dim(dimension) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  std::optional<int64_t> dim;
};

// The logarithm of Softmax.
class LogSoftmax : public Module {
 public:
  explicit LogSoftmax(std::optional<int64_t> dimension = {}) : dim(dimension) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  std::optional<int64_t> dim;
};

}  // namespace sconce::nn
