#include <sconce/nn/activation.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/models/efficientnet.h>
#include <sconce/ops.h>

#include <cmath>

#include "models/blocks.h"

namespace sconce::nn {
namespace {

struct Shape2 {
  int64_t expansion, kernel, stride, in, out;
};

// Widen by 1x1, filter each channel, weigh the channels, narrow by 1x1; x added where the shape stays.
class MBConv : public Module {
 public:
  MBConv(const Shape2& s, double drop_probability, const BatchNormOptions& norm)
      : stochastic_depth(drop_probability, "row"), adds_(s.stride == 1 && s.in == s.out) {
    const int64_t wide = make_divisible(static_cast<double>(s.in * s.expansion));
    if (wide != s.in)
      block.push_back(Conv2dNormActivation(s.in, wide, {.kernel = 1, .norm = norm}, in_place<SiLU>()));
    block.push_back(Conv2dNormActivation(
        wide, wide, {.kernel = s.kernel, .stride = s.stride, .groups = wide, .norm = norm},
        in_place<SiLU>()));
    block.push_back(SqueezeExcitation(wide, std::max<int64_t>(1, s.in / 4), in_place<SiLU>(),
                                      std::make_unique<Sigmoid>()));
    block.push_back(Conv2dNormActivation(wide, s.out, {.kernel = 1, .norm = norm}, nullptr));
  }
  Tensor forward(const Tensor& x) const override {
    return adds_ ? add(stochastic_depth(block(x)), x) : block(x);
  }
  void members(Walk& w) override {
    w("block", block);
    w("stochastic_depth", stochastic_depth);
  }

  Sequential block;
  StochasticDepth stochastic_depth;

 private:
  bool adds_;
};

Sequential features_of(const EfficientNetConfig& c) {
  struct Stage {
    Shape2 shape;
    int64_t blocks;
  };
  const Stage stages[] = {{{1, 3, 1, 32, 16}, 1},  {{6, 3, 2, 16, 24}, 2},  {{6, 5, 2, 24, 40}, 2},
                          {{6, 3, 2, 40, 80}, 3},  {{6, 5, 1, 80, 112}, 3}, {{6, 5, 2, 112, 192}, 4},
                          {{6, 3, 1, 192, 320}, 1}};
  const BatchNormOptions norm{.eps = c.eps, .momentum = c.momentum};
  const auto wide = [&](int64_t channels) {
    return make_divisible(static_cast<double>(channels) * c.width_mult);
  };
  const auto deep = [&](int64_t blocks) {
    return static_cast<int64_t>(std::ceil(static_cast<double>(blocks) * c.depth_mult));
  };
  int64_t total = 0, made = 0;
  for (const Stage& stage : stages) total += deep(stage.blocks);
  Sequential s;
  s.push_back(Conv2dNormActivation(3, wide(32), {.stride = 2, .norm = norm}, in_place<SiLU>()));
  for (const Stage& stage : stages) {
    Sequential blocks;
    Shape2 shape = stage.shape;
    shape.in = wide(shape.in), shape.out = wide(shape.out);
    for (int64_t i = 0; i < deep(stage.blocks); ++i, ++made, shape.in = shape.out, shape.stride = 1)
      blocks.push_back(MBConv(shape, 0.2 * static_cast<double>(made) / static_cast<double>(total), norm));
    s.push_back(std::make_unique<Sequential>(std::move(blocks)));
  }
  const int64_t last = wide(320);
  s.push_back(Conv2dNormActivation(last, 4 * last, {.kernel = 1, .norm = norm}, in_place<SiLU>()));
  return s;
}

}  // namespace

EfficientNet::EfficientNet(const EfficientNetConfig& c) : features(features_of(c)), avgpool(1) {
  classifier.push_back(Dropout(c.dropout, true))
      .push_back(Linear(4 * make_divisible(320 * c.width_mult), c.num_classes));
}

Tensor EfficientNet::forward(const Tensor& x) const { return classifier(avgpool(features(x)).flatten(1)); }

void EfficientNet::members(Walk& w) {
  w("features", features);
  w("avgpool", avgpool);
  w("classifier", classifier);
}

EfficientNet efficientnet_b(int number, int64_t num_classes) {
  check(number >= 0 && number <= 7, "[efficientnet_b] expected a number from 0 to 7, got ", number);
  const double width[] = {1.0, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0};
  const double depth[] = {1.0, 1.1, 1.2, 1.4, 1.8, 2.2, 2.6, 3.1};
  const double dropout[] = {0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5};
  const auto i = static_cast<size_t>(number);
  EfficientNetConfig c{width[i], depth[i], dropout[i]};
  if (number >= 5) c.eps = 0.001, c.momentum = 0.01;
  c.num_classes = num_classes;
  return EfficientNet(c);
}

}  // namespace sconce::nn
