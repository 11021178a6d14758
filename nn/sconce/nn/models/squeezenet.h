// The SqueezeNets, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/sequential.h>

namespace sconce::nn {

// torchvision.models.SqueezeNet: [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class SqueezeNet : public Module {
 public:
  enum class Version { v1_0, v1_1 };
  explicit SqueezeNet(Version version, int64_t num_classes = 1000);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features, classifier;
};

SqueezeNet squeezenet1_0(int64_t num_classes = 1000);
SqueezeNet squeezenet1_1(int64_t num_classes = 1000);

}  // namespace sconce::nn
