// The residual networks for CIFAR of He et al. 2016, section 4.2.
#pragma once
#include <sconce/nn/conv.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/sequential.h>

namespace sconce::nn {

// 6n + 2 layers deep: a 3x3 convolution, three stages of n blocks with 16, 32 and 64 channels, average
// pooling, `linear`. Where the shape changes, the shortcut takes every second row and column and adds
// channels of zeros on both sides (option A). [N, 3, 32, 32] -> [N, num_classes].
class CifarResNet : public Module {
 public:
  // `depth` is 6n + 2: 20, 32, 44, 56, 110. Throws ErrorKind::invalid_argument otherwise.
  explicit CifarResNet(int64_t depth, int64_t num_classes = 10);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string class_name() const override { return "ResNet"; }

  Conv2d conv1;
  BatchNorm2d bn1;
  Sequential layer1, layer2, layer3;
  Linear linear;
};

}  // namespace sconce::nn
