// The vision transformers, keyed and printed as torchvision's.
#pragma once
#include <sconce/nn/attention.h>
#include <sconce/nn/conv.h>

namespace sconce::nn {

struct VisionTransformerConfig {
  int64_t image_size = 224, patch_size = 16;
  int64_t num_layers = 12, num_heads = 12, hidden_dim = 768, mlp_dim = 3072;
  int64_t num_classes = 1000;
};

// torchvision.models.vision_transformer.Encoder: adds pos_embedding, then the blocks and a norm.
class VisionEncoder : public Module {
 public:
  VisionEncoder(int64_t seq_length, const VisionTransformerConfig& config);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string class_name() const override { return "Encoder"; }

  Tensor pos_embedding;  // [1, seq_length, hidden_dim]
  Dropout dropout;
  Sequential layers;
  LayerNorm ln;
};

// torchvision.models.VisionTransformer: [N, 3, image_size, image_size] -> [N, num_classes] logits. Throws
// ErrorKind::invalid_argument, torchvision's words, on an image of another size.
class VisionTransformer : public Module {
 public:
  explicit VisionTransformer(const VisionTransformerConfig& config = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  VisionTransformerConfig config;
  Tensor class_token;  // [1, 1, hidden_dim]
  Conv2d conv_proj;
  VisionEncoder encoder;
  Sequential heads;
};

VisionTransformer vit_b_16(int64_t num_classes = 1000);
VisionTransformer vit_b_32(int64_t num_classes = 1000);
VisionTransformer vit_l_16(int64_t num_classes = 1000);
VisionTransformer vit_l_32(int64_t num_classes = 1000);

}  // namespace sconce::nn
