// The VGG networks, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

namespace sconce::nn {

// torchvision.models.VGG: [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class VGG : public Module {
 public:
  // `depth` is 11, 13, 16 or 19. Throws ErrorKind::invalid_argument otherwise.
  explicit VGG(int depth, bool batch_norm = false, int64_t num_classes = 1000);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features;
  AdaptiveAvgPool2d avgpool;
  Sequential classifier;
};

}  // namespace sconce::nn
