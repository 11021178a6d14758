// The ShuffleNets of version 2, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/linear.h>
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

#include <array>

namespace sconce::nn {

// torchvision.models.ShuffleNetV2: [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class ShuffleNetV2 : public Module {
 public:
  // The channels behind the stem, the three stages and the last convolution.
  explicit ShuffleNetV2(std::array<int64_t, 5> channels, int64_t num_classes = 1000);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential conv1;
  MaxPool2d maxpool;
  Sequential stage2, stage3, stage4, conv5;
  Linear fc;
};

ShuffleNetV2 shufflenet_v2_x0_5(int64_t num_classes = 1000);
ShuffleNetV2 shufflenet_v2_x1_0(int64_t num_classes = 1000);
ShuffleNetV2 shufflenet_v2_x1_5(int64_t num_classes = 1000);
ShuffleNetV2 shufflenet_v2_x2_0(int64_t num_classes = 1000);

}  // namespace sconce::nn
