// The Swin transformers, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

#include <array>

namespace sconce::nn {

struct SwinConfig {
  int64_t embed_dim = 96;  // doubled from stage to stage
  std::array<int64_t, 4> depths = {2, 2, 6, 2}, num_heads = {3, 6, 12, 24};
  int64_t window_size = 7;
  double stochastic_depth_prob = 0.2;  // only printed
  int64_t num_classes = 1000;
};

// torchvision.models.SwinTransformer (version 1, patches of 4): [N, 3, H, W] (usually 224) -> [N, num_classes] logits.
class SwinTransformer : public Module {
 public:
  explicit SwinTransformer(const SwinConfig& config = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  Sequential features;
  LayerNorm norm;
  std::unique_ptr<Module> permute;
  AdaptiveAvgPool2d avgpool;
  Flatten flatten;
  Linear head;
};

SwinTransformer swin_t(int64_t num_classes = 1000);
SwinTransformer swin_s(int64_t num_classes = 1000);
SwinTransformer swin_b(int64_t num_classes = 1000);

}  // namespace sconce::nn
