#include <sconce/nn/models/resnet.h>
#include <sconce/ops.h>

namespace sconce::nn {
namespace {

// Two 3x3 convolutions.
class BasicBlock : public Module {
 public:
  BasicBlock(int64_t in, int64_t planes, int64_t stride, std::unique_ptr<Module> down)
      : conv1(in, planes, 3, {.stride = stride, .padding = 1, .bias = false}),
        bn1(planes),
        relu(true),
        conv2(planes, planes, 3, {.padding = 1, .bias = false}),
        bn2(planes),
        downsample(std::move(down)) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor y = bn2(conv2(relu(bn1(conv1(x)))));
    return relu(add(y, downsample ? (*downsample)(x) : x));
  }
  void members(Walk& w) override {
    w("conv1", conv1);
    w("bn1", bn1);
    w("relu", relu);
    w("conv2", conv2);
    w("bn2", bn2);
    if (downsample) w("downsample", downsample);
  }

  Conv2d conv1;
  BatchNorm2d bn1;
  ReLU relu;
  Conv2d conv2;
  BatchNorm2d bn2;
  std::unique_ptr<Module> downsample;
};

// 1x1, 3x3 (with the stride), 1x1 to four times the planes.
class Bottleneck : public Module {
 public:
  Bottleneck(int64_t in, int64_t planes, int64_t stride, std::unique_ptr<Module> down)
      : conv1(in, planes, 1, {.bias = false}),
        bn1(planes),
        conv2(planes, planes, 3, {.stride = stride, .padding = 1, .bias = false}),
        bn2(planes),
        conv3(planes, planes * 4, 1, {.bias = false}),
        bn3(planes * 4),
        relu(true),
        downsample(std::move(down)) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor y = bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x))))))));
    return relu(add(y, downsample ? (*downsample)(x) : x));
  }
  void members(Walk& w) override {
    w("conv1", conv1);
    w("bn1", bn1);
    w("conv2", conv2);
    w("bn2", bn2);
    w("conv3", conv3);
    w("bn3", bn3);
    w("relu", relu);
    if (downsample) w("downsample", downsample);
  }

  Conv2d conv1;
  BatchNorm2d bn1;
  Conv2d conv2;
  BatchNorm2d bn2;
  Conv2d conv3;
  BatchNorm2d bn3;
  ReLU relu;
  std::unique_ptr<Module> downsample;
};

int64_t expansion(ResNet::Block block) { return block == ResNet::Block::basic ? 1 : 4; }

// A stage of blocks; the first takes the stride, and a projection on its shortcut where the shape changes.
Sequential resnet_stage(ResNet::Block block, int blocks, int64_t in, int64_t planes, int64_t stride) {
  const int64_t out = planes * expansion(block);
  Sequential s;
  for (int i = 0; i < blocks; ++i) {
    std::unique_ptr<Module> down;
    const int64_t step = i == 0 ? stride : 1, from = i == 0 ? in : out;
    if (step != 1 || from != out)
      down = std::make_unique<Sequential>(Conv2d(from, out, 1, {.stride = step, .bias = false}),
                                          BatchNorm2d(out));
    if (block == ResNet::Block::basic)
      s.push_back(BasicBlock(from, planes, step, std::move(down)));
    else
      s.push_back(Bottleneck(from, planes, step, std::move(down)));
  }
  return s;
}

}  // namespace

ResNet::ResNet(Block block, std::array<int, 4> layers, int64_t num_classes)
    : conv1(3, 64, 7, {.stride = 2, .padding = 3, .bias = false}),
      bn1(64),
      relu(true),
      maxpool(3, {.stride = 2, .padding = 1}),
      layer1(resnet_stage(block, layers[0], 64, 64, 1)),
      layer2(resnet_stage(block, layers[1], 64 * expansion(block), 128, 2)),
      layer3(resnet_stage(block, layers[2], 128 * expansion(block), 256, 2)),
      layer4(resnet_stage(block, layers[3], 256 * expansion(block), 512, 2)),
      avgpool({1, 1}),
      fc(512 * expansion(block), num_classes) {}

Tensor ResNet::forward(const Tensor& x) const {
  const Tensor stem = maxpool(relu(bn1(conv1(x))));
  return fc(avgpool(layer4(layer3(layer2(layer1(stem))))).flatten(1));
}

void ResNet::members(Walk& w) {
  w("conv1", conv1);
  w("bn1", bn1);
  w("relu", relu);
  w("maxpool", maxpool);
  w("layer1", layer1);
  w("layer2", layer2);
  w("layer3", layer3);
  w("layer4", layer4);
  w("avgpool", avgpool);
  w("fc", fc);
}

ResNet resnet18(int64_t num_classes) { return ResNet(ResNet::Block::basic, {2, 2, 2, 2}, num_classes); }
ResNet resnet34(int64_t num_classes) { return ResNet(ResNet::Block::basic, {3, 4, 6, 3}, num_classes); }
ResNet resnet50(int64_t num_classes) { return ResNet(ResNet::Block::bottleneck, {3, 4, 6, 3}, num_classes); }
ResNet resnet101(int64_t num_classes) {
  return ResNet(ResNet::Block::bottleneck, {3, 4, 23, 3}, num_classes);
}
ResNet resnet152(int64_t num_classes) {
  return ResNet(ResNet::Block::bottleneck, {3, 8, 36, 3}, num_classes);
}

}  // namespace sconce::nn
