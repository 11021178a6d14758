#include <sconce/nn/activation.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/models/shufflenet.h>
#include <sconce/nn/norm.h>
#include <sconce/ops.h>

namespace sconce::nn {
namespace {

// Channel i of each half in turn: 0, n/2, 1, n/2 + 1, ...
Tensor shuffled(const Tensor& x) {
  const int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
  return x.view({n, 2, c / 2, h, w}).transpose(1, 2).reshape({n, c, h, w});
}

// Two branches of half the channels; with stride 1 the first one is half the input as it is.
class InvertedResidual : public Module {
 public:
  InvertedResidual(int64_t in, int64_t out, int64_t step) : stride(step) {
    const int64_t half = out / 2;
    const auto depthwise = [&](int64_t channels) {
      return Conv2d(channels, channels, 3, {.stride = step, .padding = 1, .groups = channels, .bias = false});
    };
    const auto pointwise = [&](int64_t from) { return Conv2d(from, half, 1, {.bias = false}); };
    if (step > 1)
      branch1.push_back(depthwise(in))
          .push_back(BatchNorm2d(in))
          .push_back(pointwise(in))
          .push_back(BatchNorm2d(half))
          .push_back(ReLU(true));
    branch2.push_back(pointwise(step > 1 ? in : half))
        .push_back(BatchNorm2d(half))
        .push_back(ReLU(true))
        .push_back(depthwise(half))
        .push_back(BatchNorm2d(half))
        .push_back(pointwise(half))
        .push_back(BatchNorm2d(half))
        .push_back(ReLU(true));
  }
  Tensor forward(const Tensor& x) const override {
    if (stride > 1) return shuffled(cat({branch1(x), branch2(x)}, 1));
    const auto halves = chunk(x, 2, 1);
    return shuffled(cat({halves[0], branch2(halves[1])}, 1));
  }
  void members(Walk& w) override {
    w("branch1", branch1);
    w("branch2", branch2);
  }

  int64_t stride;
  Sequential branch1, branch2;
};

Sequential stage(int64_t blocks, int64_t in, int64_t out) {
  Sequential s;
  for (int64_t i = 0; i < blocks; ++i) s.push_back(InvertedResidual(i == 0 ? in : out, out, i == 0 ? 2 : 1));
  return s;
}

}  // namespace

ShuffleNetV2::ShuffleNetV2(std::array<int64_t, 5> c, int64_t num_classes)
    : conv1(Conv2d(3, c[0], 3, {.stride = 2, .padding = 1, .bias = false}), BatchNorm2d(c[0]), ReLU(true)),
      maxpool(3, {.stride = 2, .padding = 1}),
      stage2(stage(4, c[0], c[1])),
      stage3(stage(8, c[1], c[2])),
      stage4(stage(4, c[2], c[3])),
      conv5(Conv2d(c[3], c[4], 1, {.bias = false}), BatchNorm2d(c[4]), ReLU(true)),
      fc(c[4], num_classes) {}

Tensor ShuffleNetV2::forward(const Tensor& x) const {
  const Tensor y = conv5(stage4(stage3(stage2(maxpool(conv1(x))))));
  return fc(mean(y, {2, 3}));
}

void ShuffleNetV2::members(Walk& w) {
  w("conv1", conv1);
  w("maxpool", maxpool);
  w("stage2", stage2);
  w("stage3", stage3);
  w("stage4", stage4);
  w("conv5", conv5);
  w("fc", fc);
}

ShuffleNetV2 shufflenet_v2_x0_5(int64_t num_classes) {
  return ShuffleNetV2({24, 48, 96, 192, 1024}, num_classes);
}
ShuffleNetV2 shufflenet_v2_x1_0(int64_t num_classes) {
  return ShuffleNetV2({24, 116, 232, 464, 1024}, num_classes);
}
ShuffleNetV2 shufflenet_v2_x1_5(int64_t num_classes) {
  return ShuffleNetV2({24, 176, 352, 704, 1024}, num_classes);
}
ShuffleNetV2 shufflenet_v2_x2_0(int64_t num_classes) {
  return ShuffleNetV2({24, 244, 488, 976, 2048}, num_classes);
}

}  // namespace sconce::nn
