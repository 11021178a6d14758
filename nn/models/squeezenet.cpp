#include <sconce/nn/activation.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/models/squeezenet.h>
#include <sconce/nn/pool.h>
#include <sconce/ops.h>

namespace sconce::nn {
namespace {

// Narrow by 1x1, then widen by 1x1 and by 3x3, side by side.
class Fire : public Module {
 public:
  Fire(int64_t in, int64_t squeezed, int64_t expanded)
      : squeeze(in, squeezed, 1),
        squeeze_activation(true),
        expand1x1(squeezed, expanded, 1),
        expand1x1_activation(true),
        expand3x3(squeezed, expanded, 3, {.padding = 1}),
        expand3x3_activation(true) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor y = squeeze_activation(squeeze(x));
    return cat({expand1x1_activation(expand1x1(y)), expand3x3_activation(expand3x3(y))}, 1);
  }
  void members(Walk& w) override {
    w("squeeze", squeeze);
    w("squeeze_activation", squeeze_activation);
    w("expand1x1", expand1x1);
    w("expand1x1_activation", expand1x1_activation);
    w("expand3x3", expand3x3);
    w("expand3x3_activation", expand3x3_activation);
  }

  Conv2d squeeze;
  ReLU squeeze_activation;
  Conv2d expand1x1;
  ReLU expand1x1_activation;
  Conv2d expand3x3;
  ReLU expand3x3_activation;
};

// The versions differ in the first convolution and in where they pool.
Sequential features_of(SqueezeNet::Version version) {
  const bool first = version == SqueezeNet::Version::v1_0;
  const int64_t squeezed[] = {16, 16, 32, 32, 48, 48, 64, 64},
                expanded[] = {64, 64, 128, 128, 192, 192, 256, 256};
  const auto pool = [] { return MaxPool2d(3, {.stride = 2, .ceil_mode = true}); };
  Sequential s(Conv2d(3, first ? 96 : 64, first ? 7 : 3, {.stride = 2}), ReLU(true), pool());
  int64_t in = first ? 96 : 64;
  for (size_t i = 0; i < 8; ++i) {
    s.push_back(Fire(in, squeezed[i], expanded[i]));
    in = 2 * expanded[i];
    if (first ? i == 2 || i == 6 : i == 1 || i == 3) s.push_back(pool());
  }
  return s;
}

}  // namespace

SqueezeNet::SqueezeNet(Version version, int64_t num_classes)
    : features(features_of(version)),
      classifier(Dropout(0.5), Conv2d(512, num_classes, 1), ReLU(true), AdaptiveAvgPool2d({1, 1})) {}

Tensor SqueezeNet::forward(const Tensor& x) const { return classifier(features(x)).flatten(1); }

void SqueezeNet::members(Walk& w) {
  w("features", features);
  w("classifier", classifier);
}

SqueezeNet squeezenet1_0(int64_t num_classes) { return SqueezeNet(SqueezeNet::Version::v1_0, num_classes); }
SqueezeNet squeezenet1_1(int64_t num_classes) { return SqueezeNet(SqueezeNet::Version::v1_1, num_classes); }

}  // namespace sconce::nn
