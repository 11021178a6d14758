// The DenseNets, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/linear.h>
#include <sconce/nn/sequential.h>

#include <array>

namespace sconce::nn {

struct DenseNetConfig {
  int64_t growth_rate = 32;  // channels that each layer adds
  std::array<int64_t, 4> block_config = {6, 12, 24, 16};
  int64_t num_init_features = 64;
  int64_t bn_size = 4;  // the bottleneck has bn_size * growth_rate channels
  int64_t num_classes = 1000;
};

// torchvision.models.DenseNet: [N, 3, H, W] (usually 224) -> [N, num_classes] logits. The published checkpoints
// write "norm.1" where the module says "norm1"; rename() them as torchvision does.
class DenseNet : public Module {
 public:
  explicit DenseNet(const DenseNetConfig& config = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features;
  Linear classifier;
};

DenseNet densenet121(int64_t num_classes = 1000);
DenseNet densenet161(int64_t num_classes = 1000);
DenseNet densenet169(int64_t num_classes = 1000);
DenseNet densenet201(int64_t num_classes = 1000);

}  // namespace sconce::nn
