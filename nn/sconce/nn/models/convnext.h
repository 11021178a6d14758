// The ConvNeXts, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

#include <array>

namespace sconce::nn {

struct ConvNeXtConfig {
  std::array<int64_t, 4> channels = {96, 192, 384, 768}, blocks = {3, 3, 9, 3};  // of each stage
  double stochastic_depth_prob = 0.1;                                            // only printed
  int64_t num_classes = 1000;
};

// torchvision.models.ConvNeXt: [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class ConvNeXt : public Module {
 public:
  explicit ConvNeXt(const ConvNeXtConfig& config = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features;
  AdaptiveAvgPool2d avgpool;
  Sequential classifier;
};

ConvNeXt convnext_tiny(int64_t num_classes = 1000);
ConvNeXt convnext_small(int64_t num_classes = 1000);
ConvNeXt convnext_base(int64_t num_classes = 1000);
ConvNeXt convnext_large(int64_t num_classes = 1000);

}  // namespace sconce::nn
