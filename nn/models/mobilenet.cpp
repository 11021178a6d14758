#include <sconce/nn/activation.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/models/mobilenet.h>
#include <sconce/ops.h>

#include "models/blocks.h"

namespace sconce::nn {
namespace {

// What version 2 and 3 share: `layers` one after the other under the name `child`, and x added where the shape stays.
class Residual : public Module {
 public:
  Residual(const char* child, bool adds) : child_(child), adds_(adds) {}
  Tensor forward(const Tensor& x) const override { return adds_ ? add(layers(x), x) : layers(x); }
  void members(Walk& w) override { w(child_, layers); }
  std::string class_name() const override { return "InvertedResidual"; }

  Sequential layers;

 private:
  const char* child_;
  bool adds_;
};

// Widen by 1x1, filter each channel, narrow by 1x1 without activation.
Residual block_v2(int64_t in, int64_t out, int64_t stride, int64_t expansion) {
  const int64_t hidden = in * expansion;
  Residual block("conv", stride == 1 && in == out);
  if (expansion != 1)
    block.layers.push_back(Conv2dNormActivation(in, hidden, {.kernel = 1}, in_place<ReLU6>()));
  block.layers.push_back(
      Conv2dNormActivation(hidden, hidden, {.stride = stride, .groups = hidden}, in_place<ReLU6>()));
  block.layers.push_back(Conv2d(hidden, out, 1, {.bias = false}));
  block.layers.push_back(BatchNorm2d(out));
  return block;
}

Sequential features_v2(double width_mult) {
  struct Stage {
    int64_t expansion, channels, blocks, stride;
  };
  const Stage stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                          {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  Sequential s;
  int64_t in = make_divisible(32 * width_mult);
  s.push_back(Conv2dNormActivation(3, in, {.stride = 2}, in_place<ReLU6>()));
  for (const Stage& stage : stages) {
    const int64_t out = make_divisible(static_cast<double>(stage.channels) * width_mult);
    for (int64_t i = 0; i < stage.blocks; ++i, in = out)
      s.push_back(block_v2(in, out, i == 0 ? stage.stride : 1, stage.expansion));
  }
  s.push_back(Conv2dNormActivation(in, make_divisible(1280 * std::max(1.0, width_mult)), {.kernel = 1},
                                   in_place<ReLU6>()));
  return s;
}

// One row of tables 1 and 2 of the MobileNetV3 paper.
struct RowV3 {
  int64_t in, kernel, expanded, out;
  bool squeezes, hard_swish;
  int64_t stride;
};

const std::vector<RowV3>& rows_v3(MobileNetV3::Size size) {
  static const std::vector<RowV3> small{
      {16, 3, 16, 16, true, false, 2}, {16, 3, 72, 24, false, false, 2}, {24, 3, 88, 24, false, false, 1},
      {24, 5, 96, 40, true, true, 2},  {40, 5, 240, 40, true, true, 1},  {40, 5, 240, 40, true, true, 1},
      {40, 5, 120, 48, true, true, 1}, {48, 5, 144, 48, true, true, 1},  {48, 5, 288, 96, true, true, 2},
      {96, 5, 576, 96, true, true, 1}, {96, 5, 576, 96, true, true, 1},
  };
  static const std::vector<RowV3> large{
      {16, 3, 16, 16, false, false, 1},  {16, 3, 64, 24, false, false, 2},  {24, 3, 72, 24, false, false, 1},
      {24, 5, 72, 40, true, false, 2},   {40, 5, 120, 40, true, false, 1},  {40, 5, 120, 40, true, false, 1},
      {40, 3, 240, 80, false, true, 2},  {80, 3, 200, 80, false, true, 1},  {80, 3, 184, 80, false, true, 1},
      {80, 3, 184, 80, false, true, 1},  {80, 3, 480, 112, true, true, 1},  {112, 3, 672, 112, true, true, 1},
      {112, 5, 672, 160, true, true, 2}, {160, 5, 960, 160, true, true, 1}, {160, 5, 960, 160, true, true, 1},
  };
  return size == MobileNetV3::Size::small ? small : large;
}

Residual block_v3(const RowV3& row, const BatchNormOptions& norm) {
  const auto activation = [&] { return row.hard_swish ? in_place<Hardswish>() : in_place<ReLU>(); };
  Residual block("block", row.stride == 1 && row.in == row.out);
  if (row.expanded != row.in)
    block.layers.push_back(
        Conv2dNormActivation(row.in, row.expanded, {.kernel = 1, .norm = norm}, activation()));
  block.layers.push_back(Conv2dNormActivation(
      row.expanded, row.expanded,
      {.kernel = row.kernel, .stride = row.stride, .groups = row.expanded, .norm = norm}, activation()));
  const int64_t quarter = row.expanded / 4;
  if (row.squeezes)
    block.layers.push_back(SqueezeExcitation(row.expanded, make_divisible(static_cast<double>(quarter)),
                                             std::make_unique<ReLU>(), std::make_unique<Hardsigmoid>()));
  block.layers.push_back(Conv2dNormActivation(row.expanded, row.out, {.kernel = 1, .norm = norm}, nullptr));
  return block;
}

Sequential features_v3(MobileNetV3::Size size) {
  const BatchNormOptions norm{.eps = 0.001, .momentum = 0.01};
  const std::vector<RowV3>& rows = rows_v3(size);
  Sequential s;
  s.push_back(Conv2dNormActivation(3, rows.front().in, {.stride = 2, .norm = norm}, in_place<Hardswish>()));
  for (const RowV3& row : rows) s.push_back(block_v3(row, norm));
  const int64_t out = rows.back().out;
  s.push_back(Conv2dNormActivation(out, 6 * out, {.kernel = 1, .norm = norm}, in_place<Hardswish>()));
  return s;
}

}  // namespace

MobileNetV2::MobileNetV2(int64_t num_classes, double width_mult)
    : features(features_v2(width_mult)),
      classifier(Dropout(0.2), Linear(make_divisible(1280 * std::max(1.0, width_mult)), num_classes)) {}

Tensor MobileNetV2::forward(const Tensor& x) const {
  return classifier(adaptive_avg_pool2d(features(x), {1, 1}).flatten(1));
}

void MobileNetV2::members(Walk& w) {
  w("features", features);
  w("classifier", classifier);
}

MobileNetV3::MobileNetV3(Size size, int64_t num_classes) : features(features_v3(size)), avgpool(1) {
  const int64_t last = size == Size::small ? 1024 : 1280;
  classifier.push_back(Linear(6 * rows_v3(size).back().out, last))
      .push_back(Hardswish(true))
      .push_back(Dropout(0.2, true))
      .push_back(Linear(last, num_classes));
}

Tensor MobileNetV3::forward(const Tensor& x) const { return classifier(avgpool(features(x)).flatten(1)); }

void MobileNetV3::members(Walk& w) {
  w("features", features);
  w("avgpool", avgpool);
  w("classifier", classifier);
}

MobileNetV2 mobilenet_v2(int64_t num_classes) { return MobileNetV2(num_classes); }
MobileNetV3 mobilenet_v3_small(int64_t num_classes) {
  return MobileNetV3(MobileNetV3::Size::small, num_classes);
}
MobileNetV3 mobilenet_v3_large(int64_t num_classes) {
  return MobileNetV3(MobileNetV3::Size::large, num_classes);
}

}  // namespace sconce::nn
