#include <sconce/nn/activation.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/models/vgg.h>
#include <sconce/nn/norm.h>

namespace sconce::nn {
namespace {

// 3x3 convolutions in five stages, each followed by a pool that halves the image.
Sequential features_of(int depth, bool batch_norm) {
  check(depth == 11 || depth == 13 || depth == 16 || depth == 19,
        "[VGG] expected a depth of 11, 13, 16 or 19, got ", depth);
  const int early = depth == 11 ? 1 : 2, late = depth == 19 ? 4 : depth == 16 ? 3 : 2;
  const int count[5] = {early, early, late, late, late};
  const int64_t channels[5] = {64, 128, 256, 512, 512};
  Sequential s;
  int64_t in = 3;
  for (int stage = 0; stage < 5; ++stage) {
    for (int i = 0; i < count[stage]; ++i) {
      s.push_back(Conv2d(in, channels[stage], 3, {.padding = 1}));
      in = channels[stage];
      if (batch_norm) s.push_back(BatchNorm2d(in));
      s.push_back(ReLU(true));
    }
    s.push_back(MaxPool2d(2, {.stride = 2}));
  }
  return s;
}

}  // namespace

VGG::VGG(int depth, bool batch_norm, int64_t num_classes)
    : features(features_of(depth, batch_norm)),
      avgpool({7, 7}),
      classifier(Linear(512 * 7 * 7, 4096), ReLU(true), Dropout(0.5), Linear(4096, 4096), ReLU(true),
                 Dropout(0.5), Linear(4096, num_classes)) {}

Tensor VGG::forward(const Tensor& x) const { return classifier(avgpool(features(x)).flatten(1)); }

void VGG::members(Walk& w) {
  w("features", features);
  w("avgpool", avgpool);
  w("classifier", classifier);
}

}  // namespace sconce::nn
