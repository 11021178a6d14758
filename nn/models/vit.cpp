#include <sconce/nn/models/vit.h>
#include <sconce/ops.h>

#include "models/blocks.h"
#include "parameters.h"

namespace sconce::nn {
namespace {

// torchvision's name and version of it.
class MLPBlock : public MLP {
 public:
  using MLP::MLP;
  int64_t version() const override { return 2; }
  std::string_view former_name(std::string_view name, std::optional<int64_t> version) const override {
    if (version.value_or(1) >= 2) return {};
    return name == "0" ? "linear_1" : name == "3" ? "linear_2" : "";
  }
};

class EncoderBlock : public Module {
 public:
  explicit EncoderBlock(const VisionTransformerConfig& c)
      : ln_1(c.hidden_dim, {.eps = 1e-6}),
        self_attention(c.hidden_dim, c.num_heads, {.batch_first = true}),
        dropout(0.0),
        ln_2(c.hidden_dim, {.eps = 1e-6}),
        mlp(c.hidden_dim, c.mlp_dim) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor y = add(dropout(self_attention(ln_1(x))), x);
    return add(y, mlp(ln_2(y)));
  }
  void members(Walk& w) override {
    w("ln_1", ln_1);
    w("self_attention", self_attention);
    w("dropout", dropout);
    w("ln_2", ln_2);
    w("mlp", mlp);
  }

  LayerNorm ln_1;
  MultiheadAttention self_attention;
  Dropout dropout;
  LayerNorm ln_2;
  MLPBlock mlp;
};

int64_t sequence_length(const VisionTransformerConfig& c) {
  check(c.patch_size > 0 && c.image_size % c.patch_size == 0, "Input shape indivisible by patch size!");
  const int64_t side = c.image_size / c.patch_size;
  return side * side + 1;
}

}  // namespace

VisionEncoder::VisionEncoder(int64_t seq_length, const VisionTransformerConfig& c)
    : pos_embedding(zero_parameter({1, seq_length, c.hidden_dim}, DType::f32)),
      dropout(0.0),
      ln(c.hidden_dim, {.eps = 1e-6}) {
  for (int64_t i = 0; i < c.num_layers; ++i)
    layers.push_back(concat("encoder_layer_", i), std::make_unique<EncoderBlock>(c));
}

Tensor VisionEncoder::forward(const Tensor& x) const { return ln(layers(dropout(add(x, pos_embedding)))); }

void VisionEncoder::members(Walk& w) {
  w("pos_embedding", pos_embedding);
  w("dropout", dropout);
  w("layers", layers);
  w("ln", ln);
}

VisionTransformer::VisionTransformer(const VisionTransformerConfig& c)
    : config(c),
      class_token(zero_parameter({1, 1, c.hidden_dim}, DType::f32)),
      conv_proj(3, c.hidden_dim, c.patch_size, {.stride = c.patch_size}),
      encoder(sequence_length(c), c),
      heads(named("head", Linear(c.hidden_dim, c.num_classes))) {}

Tensor VisionTransformer::forward(const Tensor& x) const {
  check(x.dim() == 4, "[VisionTransformer] expected an input of 4 dimensions, got ", x.dim());
  check(x.size(2) == config.image_size, "Wrong image height! Expected ", config.image_size, " but got ",
        x.size(2), "!");
  check(x.size(3) == config.image_size, "Wrong image width! Expected ", config.image_size, " but got ",
        x.size(3), "!");
  const Tensor patches = conv_proj(x);
  const Tensor tokens = patches.reshape({x.size(0), config.hidden_dim, -1}).permute({0, 2, 1});
  const Tensor all = cat({class_token.expand({x.size(0), -1, -1}), tokens}, 1);
  return heads(encoder(all).select(1, 0));
}

void VisionTransformer::members(Walk& w) {
  w("class_token", class_token);
  w("conv_proj", conv_proj);
  w("encoder", encoder);
  w("heads", heads);
}

VisionTransformer vit_b_16(int64_t num_classes) { return VisionTransformer({.num_classes = num_classes}); }
VisionTransformer vit_b_32(int64_t num_classes) {
  return VisionTransformer({.patch_size = 32, .num_classes = num_classes});
}

namespace {

VisionTransformer large(int64_t patch_size, int64_t num_classes) {
  return VisionTransformer({.patch_size = patch_size,
                            .num_layers = 24,
                            .num_heads = 16,
                            .hidden_dim = 1024,
                            .mlp_dim = 4096,
                            .num_classes = num_classes});
}

}  // namespace

VisionTransformer vit_l_16(int64_t num_classes) { return large(16, num_classes); }
VisionTransformer vit_l_32(int64_t num_classes) { return large(32, num_classes); }

}  // namespace sconce::nn
