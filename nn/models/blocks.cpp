#include "models/blocks.h"

#include <sconce/nn/activation.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/ops.h>

#include <algorithm>

namespace sconce::nn {

int64_t make_divisible(double value, int64_t divisor) {
  const int64_t near = (static_cast<int64_t>(value + static_cast<double>(divisor) / 2) / divisor) * divisor;
  const int64_t least = std::max(divisor, near);
  return static_cast<double>(least) < 0.9 * value ? least + divisor : least;
}

Conv2dNormActivation::Conv2dNormActivation(int64_t in, int64_t out, const ConvNormOptions& o,
                                           std::unique_ptr<Module> activation) {
  push_back(Conv2d(in, out, o.kernel,
                   {.stride = o.stride,
                    .padding = (o.kernel - 1) / 2 * o.dilation,
                    .dilation = o.dilation,
                    .groups = o.groups,
                    .bias = false}));
  push_back(BatchNorm2d(out, o.norm));
  if (activation) push_back(std::move(activation));
}

SqueezeExcitation::SqueezeExcitation(int64_t channels, int64_t squeezed, std::unique_ptr<Module> act,
                                     std::unique_ptr<Module> scale_act)
    : avgpool(1),
      fc1(channels, squeezed, 1),
      fc2(squeezed, channels, 1),
      activation(std::move(act)),
      scale_activation(std::move(scale_act)) {}

Tensor SqueezeExcitation::forward(const Tensor& x) const {
  return mul((*scale_activation)(fc2((*activation)(fc1(avgpool(x))))), x);
}

void SqueezeExcitation::members(Walk& w) {
  w("avgpool", avgpool);
  w("fc1", fc1);
  w("fc2", fc2);
  w("activation", activation);
  w("scale_activation", scale_activation);
}

MLP::MLP(int64_t width, int64_t hidden)
    : Sequential(Linear(width, hidden), GELU(), Dropout(0.0), Linear(hidden, width), Dropout(0.0)) {}

}  // namespace sconce::nn
