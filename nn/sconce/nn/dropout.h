// Dropout, which after training does nothing.
#pragma once
#include <sconce/nn/module.h>

namespace sconce::nn {

// As torch.nn.Dropout and its kin after model.eval(): gives back its input. `p` and `inplace` are only
// printed.
class Dropout : public Module {
 public:
  explicit Dropout(double probability = 0.5, bool in_place = false) : p(probability), inplace(in_place) {}
  Tensor forward(const Tensor& x) const override { return x; }
  std::string extra_repr() const override;

  double p;
  bool inplace;
};
class Dropout1d : public Dropout {
 public:
  using Dropout::Dropout;
};
class Dropout2d : public Dropout {
 public:
  using Dropout::Dropout;
};
class AlphaDropout : public Dropout {
 public:
  using Dropout::Dropout;
};

// As torchvision.ops.StochasticDepth after model.eval(): gives back its input. `p` and `mode` are only printed.
class StochasticDepth : public Module {
 public:
  StochasticDepth(double probability, std::string drop_mode) : p(probability), mode(std::move(drop_mode)) {}
  Tensor forward(const Tensor& x) const override { return x; }
  std::string extra_repr() const override;

  double p;
  std::string mode;  // "row" or "batch"
};

}  // namespace sconce::nn
