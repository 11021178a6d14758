#include <sconce/nn/activation.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/models/convnext.h>
#include <sconce/ops.h>

#include "models/blocks.h"
#include "parameters.h"

namespace sconce::nn {
namespace {

// LayerNorm over the channels of images.
class LayerNorm2d : public LayerNorm {
 public:
  explicit LayerNorm2d(int64_t channels) : LayerNorm(channels, {.eps = 1e-6}) {}
  Tensor forward(const Tensor& x) const override {
    return LayerNorm::forward(x.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
  }
};

// The stem's Sequential under the name that torchvision gives it.
class Stem : public Sequential {
 public:
  explicit Stem(int64_t channels)
      : Sequential(Conv2d(3, channels, 4, {.stride = 4}), LayerNorm2d(channels)) {}
  std::string class_name() const override { return "Conv2dNormActivation"; }
};

// Filter each channel, norm, widen, GELU, narrow; scaled and added to x.
class CNBlock : public Module {
 public:
  CNBlock(int64_t channels, double drop_probability)
      : layer_scale(zero_parameter({channels, 1, 1}, DType::f32)),
        block(Conv2d(channels, channels, 7, {.padding = 3, .groups = channels}), Permute({0, 2, 3, 1}),
              LayerNorm(channels, {.eps = 1e-6}), Linear(channels, 4 * channels), GELU(),
              Linear(4 * channels, channels), Permute({0, 3, 1, 2})),
        stochastic_depth(drop_probability, "row") {}
  Tensor forward(const Tensor& x) const override {
    return add(stochastic_depth(mul(layer_scale, block(x))), x);
  }
  void members(Walk& w) override {
    w("layer_scale", layer_scale);
    w("block", block);
    w("stochastic_depth", stochastic_depth);
  }

  Tensor layer_scale;
  Sequential block;
  StochasticDepth stochastic_depth;
};

Sequential features_of(const ConvNeXtConfig& c) {
  int64_t total = 0, made = 0;
  for (const int64_t n : c.blocks) total += n;
  Sequential s;
  s.push_back(Stem(c.channels[0]));
  for (size_t i = 0; i < c.channels.size(); ++i) {
    Sequential stage;
    for (int64_t b = 0; b < c.blocks[i]; ++b, ++made)
      stage.push_back(CNBlock(c.channels[i], c.stochastic_depth_prob * static_cast<double>(made) /
                                                 (static_cast<double>(total) - 1.0)));
    s.push_back(std::make_unique<Sequential>(std::move(stage)));
    if (i + 1 < c.channels.size())
      s.push_back(std::make_unique<Sequential>(LayerNorm2d(c.channels[i]),
                                               Conv2d(c.channels[i], c.channels[i + 1], 2, {.stride = 2})));
  }
  return s;
}

}  // namespace

ConvNeXt::ConvNeXt(const ConvNeXtConfig& c)
    : features(features_of(c)),
      avgpool(1),
      classifier(LayerNorm2d(c.channels.back()), Flatten(1), Linear(c.channels.back(), c.num_classes)) {}

Tensor ConvNeXt::forward(const Tensor& x) const { return classifier(avgpool(features(x))); }

void ConvNeXt::members(Walk& w) {
  w("features", features);
  w("avgpool", avgpool);
  w("classifier", classifier);
}

ConvNeXt convnext_tiny(int64_t num_classes) { return ConvNeXt({.num_classes = num_classes}); }
ConvNeXt convnext_small(int64_t num_classes) {
  return ConvNeXt({.blocks = {3, 3, 27, 3}, .stochastic_depth_prob = 0.4, .num_classes = num_classes});
}
ConvNeXt convnext_base(int64_t num_classes) {
  return ConvNeXt({.channels = {128, 256, 512, 1024},
                   .blocks = {3, 3, 27, 3},
                   .stochastic_depth_prob = 0.5,
                   .num_classes = num_classes});
}
ConvNeXt convnext_large(int64_t num_classes) {
  return ConvNeXt({.channels = {192, 384, 768, 1536},
                   .blocks = {3, 3, 27, 3},
                   .stochastic_depth_prob = 0.5,
                   .num_classes = num_classes});
}

}  // namespace sconce::nn
