#include <sconce/nn/activation.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/models/densenet.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/pool.h>
#include <sconce/ops.h>

namespace sconce::nn {
namespace {

// Norm, ReLU, convolution, twice: all features so far to growth_rate new ones.
class DenseLayer : public Module {
 public:
  DenseLayer(int64_t in, int64_t bottleneck, int64_t growth)
      : norm1(in),
        relu1(true),
        conv1(in, bottleneck, 1, {.bias = false}),
        norm2(bottleneck),
        relu2(true),
        conv2(bottleneck, growth, 3, {.padding = 1, .bias = false}) {}
  Tensor forward(const Tensor& x) const override { return conv2(relu2(norm2(conv1(relu1(norm1(x)))))); }
  void members(Walk& w) override {
    w("norm1", norm1);
    w("relu1", relu1);
    w("conv1", conv1);
    w("norm2", norm2);
    w("relu2", relu2);
    w("conv2", conv2);
  }
  std::string class_name() const override { return "_DenseLayer"; }

  BatchNorm2d norm1;
  ReLU relu1;
  Conv2d conv1;
  BatchNorm2d norm2;
  ReLU relu2;
  Conv2d conv2;
};

// Every layer sees what all before it gave.
class DenseBlock : public ModuleDict {
 public:
  DenseBlock(int64_t layers, int64_t in, const DenseNetConfig& c) {
    for (int64_t i = 0; i < layers; ++i)
      insert(concat("denselayer", i + 1),
             DenseLayer(in + i * c.growth_rate, c.bn_size * c.growth_rate, c.growth_rate));
  }
  Tensor forward(const Tensor& x) const override {
    std::vector<Tensor> features{x};
    for (size_t i = 0; i < size(); ++i)
      features.push_back(Container::operator[](i)(features.size() == 1 ? x : cat(features, 1)));
    return cat(features, 1);
  }
  std::string class_name() const override { return "_DenseBlock"; }
  int64_t version() const override { return 2; }
};

class Transition : public Sequential {
 public:
  Transition(int64_t in, int64_t out)
      : Sequential(named("norm", BatchNorm2d(in)), named("relu", ReLU(true)),
                   named("conv", Conv2d(in, out, 1, {.bias = false})),
                   named("pool", AvgPool2d(2, {.stride = 2}))) {}
  std::string class_name() const override { return "_Transition"; }
};

// The stem, four blocks with a transition between each, and a last norm.
Sequential features_of(const DenseNetConfig& c) {
  Sequential s(named("conv0", Conv2d(3, c.num_init_features, 7, {.stride = 2, .padding = 3, .bias = false})),
               named("norm0", BatchNorm2d(c.num_init_features)), named("relu0", ReLU(true)),
               named("pool0", MaxPool2d(3, {.stride = 2, .padding = 1})));
  int64_t channels = c.num_init_features;
  for (size_t i = 0; i < c.block_config.size(); ++i) {
    s.push_back(concat("denseblock", i + 1), std::make_unique<DenseBlock>(c.block_config[i], channels, c));
    channels += c.block_config[i] * c.growth_rate;
    if (i + 1 == c.block_config.size()) break;
    s.push_back(concat("transition", i + 1), std::make_unique<Transition>(channels, channels / 2));
    channels /= 2;
  }
  s.push_back("norm5", std::make_unique<BatchNorm2d>(channels));
  return s;
}

int64_t channels_of(const Sequential& features) {
  return dynamic_cast<const BatchNorm2d&>(features[features.size() - 1]).num_features;
}

}  // namespace

DenseNet::DenseNet(const DenseNetConfig& config)
    : features(features_of(config)), classifier(channels_of(features), config.num_classes) {}

Tensor DenseNet::forward(const Tensor& x) const {
  return classifier(adaptive_avg_pool2d(relu(features(x)), {1, 1}).flatten(1));
}

void DenseNet::members(Walk& w) {
  w("features", features);
  w("classifier", classifier);
}

DenseNet densenet121(int64_t num_classes) { return DenseNet({.num_classes = num_classes}); }
DenseNet densenet161(int64_t num_classes) {
  return DenseNet({.growth_rate = 48,
                   .block_config = {6, 12, 36, 24},
                   .num_init_features = 96,
                   .num_classes = num_classes});
}
DenseNet densenet169(int64_t num_classes) {
  return DenseNet({.block_config = {6, 12, 32, 32}, .num_classes = num_classes});
}
DenseNet densenet201(int64_t num_classes) {
  return DenseNet({.block_config = {6, 12, 48, 32}, .num_classes = num_classes});
}

}  // namespace sconce::nn
