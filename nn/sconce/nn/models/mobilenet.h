// The MobileNets, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

#include <vector>

namespace sconce::nn {

// torchvision.models.MobileNetV2: [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class MobileNetV2 : public Module {
 public:
  explicit MobileNetV2(int64_t num_classes = 1000, double width_mult = 1.0);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features, classifier;
};

// torchvision.models.MobileNetV3: [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class MobileNetV3 : public Module {
 public:
  enum class Size { small, large };
  explicit MobileNetV3(Size size, int64_t num_classes = 1000);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features;
  AdaptiveAvgPool2d avgpool;
  Sequential classifier;
};

MobileNetV2 mobilenet_v2(int64_t num_classes = 1000);
MobileNetV3 mobilenet_v3_small(int64_t num_classes = 1000);
MobileNetV3 mobilenet_v3_large(int64_t num_classes = 1000);

}  // namespace sconce::nn
