// What several of torchvision's networks are made of.
#pragma once
#include <sconce/nn/conv.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/pool.h>
#include <sconce/nn/sequential.h>

#include <memory>

namespace sconce::nn {

// An activation that torchvision makes with inplace=True.
template <class M>
std::unique_ptr<Module> in_place() {
  return std::make_unique<M>(true);
}

// The smallest multiple of `divisor` near `value`, not below 90 % of it: torchvision's _make_divisible.
int64_t make_divisible(double value, int64_t divisor = 8);

struct ConvNormOptions {
  int64_t kernel = 3, stride = 1, groups = 1, dilation = 1;
  BatchNormOptions norm = {};
};

// A convolution without bias, padded to keep the size, its batch norm, and an activation (null: none), as
// torchvision.ops.Conv2dNormActivation.
class Conv2dNormActivation : public Sequential {
 public:
  Conv2dNormActivation(int64_t in, int64_t out, const ConvNormOptions& options,
                       std::unique_ptr<Module> activation);
};

// Scales each channel by what two 1x1 convolutions make of all channels' means, as
// torchvision.ops.SqueezeExcitation.
class SqueezeExcitation : public Module {
 public:
  SqueezeExcitation(int64_t channels, int64_t squeezed, std::unique_ptr<Module> activation,
                    std::unique_ptr<Module> scale_activation);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;

  AdaptiveAvgPool2d avgpool;
  Conv2d fc1, fc2;
  std::unique_ptr<Module> activation, scale_activation;
};

// x.permute(dims), as torchvision.ops.Permute.
class Permute : public Module {
 public:
  explicit Permute(std::vector<int64_t> order) : dims(std::move(order)) {}
  Tensor forward(const Tensor& x) const override { return x.permute(dims); }

  std::vector<int64_t> dims;
};

// Linear, GELU, dropout, Linear, dropout, as torchvision.ops.MLP with two layers.
class MLP : public Sequential {
 public:
  MLP(int64_t width, int64_t hidden);
};

}  // namespace sconce::nn
