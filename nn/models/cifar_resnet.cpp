#include <sconce/nn/models/cifar_resnet.h>
#include <sconce/ops.h>

namespace sconce::nn {
namespace {

// The shortcut without parameters, printed under the name it has in the well-known PyTorch implementation.
class OptionA : public Module {
 public:
  explicit OptionA(int64_t extra_channels) : extra(extra_channels) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor every_second = x.slice(2, 0, x.size(2), 2).slice(3, 0, x.size(3), 2);
    return pad(every_second, std::vector<int64_t>{0, 0, 0, 0, extra / 2, extra - extra / 2});
  }
  std::string class_name() const override { return "LambdaLayer"; }

  int64_t extra;
};

// In a namespace of its own, for torchvision's network has a block of this name too.
namespace cifar {
class BasicBlock : public Module {
 public:
  BasicBlock(int64_t in, int64_t out, int64_t stride)
      : conv1(in, out, 3, {.stride = stride, .padding = 1, .bias = false}),
        bn1(out),
        conv2(out, out, 3, {.padding = 1, .bias = false}),
        bn2(out) {
    if (stride != 1 || in != out)
      shortcut = std::make_unique<OptionA>(out - in);
    else
      shortcut = std::make_unique<Sequential>();
  }
  Tensor forward(const Tensor& x) const override {
    return relu(add(bn2(conv2(relu(bn1(conv1(x))))), (*shortcut)(x)));
  }
  void members(Walk& w) override {
    w("conv1", conv1);
    w("bn1", bn1);
    w("conv2", conv2);
    w("bn2", bn2);
    w("shortcut", shortcut);
  }

  Conv2d conv1;
  BatchNorm2d bn1;
  Conv2d conv2;
  BatchNorm2d bn2;
  std::unique_ptr<Module> shortcut;
};
}  // namespace cifar

Sequential cifar_stage(int64_t blocks, int64_t in, int64_t out) {
  Sequential s;
  for (int64_t i = 0; i < blocks; ++i)
    s.push_back(cifar::BasicBlock(i == 0 ? in : out, out, i == 0 && in != out ? 2 : 1));
  return s;
}

int64_t blocks_of(int64_t depth) {
  check(depth >= 8 && (depth - 2) % 6 == 0,
        "[CifarResNet] expected a depth of 6n + 2 (20, 32, 44, 56, 110), got ", depth);
  return (depth - 2) / 6;
}

}  // namespace

CifarResNet::CifarResNet(int64_t depth, int64_t num_classes)
    : conv1(3, 16, 3, {.padding = 1, .bias = false}),
      bn1(16),
      layer1(cifar_stage(blocks_of(depth), 16, 16)),
      layer2(cifar_stage(blocks_of(depth), 16, 32)),
      layer3(cifar_stage(blocks_of(depth), 32, 64)),
      linear(64, num_classes) {}

Tensor CifarResNet::forward(const Tensor& x) const {
  const Tensor y = layer3(layer2(layer1(relu(bn1(conv1(x))))));
  return linear(adaptive_avg_pool2d(y, 1).flatten(1));
}

void CifarResNet::members(Walk& w) {
  w("conv1", conv1);
  w("bn1", bn1);
  w("layer1", layer1);
  w("layer2", layer2);
  w("layer3", layer3);
  w("linear", linear);
}

}  // namespace sconce::nn
