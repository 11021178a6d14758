// The EfficientNets, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

namespace sconce::nn {

struct EfficientNetConfig {
  double width_mult = 1.0, depth_mult = 1.0;  // of channels, of blocks in a stage
  double dropout = 0.2;                       // only printed
  double eps = 1e-5, momentum = 0.1;          // of the batch norms
  int64_t num_classes = 1000;
};

// torchvision.models.EfficientNet (version 1): [N, 3, H, W] -> [N, num_classes] logits.
class EfficientNet : public Module {
 public:
  explicit EfficientNet(const EfficientNetConfig& config = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features;
  AdaptiveAvgPool2d avgpool;
  Sequential classifier;
};

// efficientnet_b0 to efficientnet_b7 of torchvision by their number. Throws ErrorKind::invalid_argument on another one.
EfficientNet efficientnet_b(int number, int64_t num_classes = 1000);

}  // namespace sconce::nn
