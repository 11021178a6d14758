// LeNet-5.
#pragma once
#include <sconce/nn/sequential.h>

namespace sconce::nn {

// The LeNet-5 with max pooling and ReLU that several public MNIST checkpoints hold: [N, 1, 32, 32] -> [N, 10]
// log-probabilities. Keys: convnet.{c1,c3,c5}, fc.{f6,f7}.
class LeNet : public Module {
 public:
  explicit LeNet(int64_t num_classes = 10);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string class_name() const override { return "LeNet5"; }

  Sequential convnet, fc;
};

}  // namespace sconce::nn
