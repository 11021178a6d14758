// The residual networks for ImageNet, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/activation.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

#include <array>

namespace sconce::nn {

// torchvision.models.ResNet: [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class ResNet : public Module {
 public:
  enum class Block { basic, bottleneck };
  // `layers` are the blocks of each stage.
  ResNet(Block block, std::array<int, 4> layers, int64_t num_classes = 1000);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Conv2d conv1;
  BatchNorm2d bn1;
  ReLU relu;
  MaxPool2d maxpool;
  Sequential layer1, layer2, layer3, layer4;
  AdaptiveAvgPool2d avgpool;
  Linear fc;
};

ResNet resnet18(int64_t num_classes = 1000);
ResNet resnet34(int64_t num_classes = 1000);
ResNet resnet50(int64_t num_classes = 1000);
ResNet resnet101(int64_t num_classes = 1000);
ResNet resnet152(int64_t num_classes = 1000);

}  // namespace sconce::nn
