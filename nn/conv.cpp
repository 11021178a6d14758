#include <sconce/nn/conv.h>
#include <sconce/ops.h>

#include "pending.h"

#include "parameters.h"

namespace sconce::nn {
namespace {

// The checks of torch.nn.modules.conv._ConvNd, in its words.
void check_arguments(int64_t in, int64_t out, int64_t groups, bool same, bool strided) {
  check(groups > 0, "groups must be a positive integer");
  check(in % groups == 0, "in_channels must be divisible by groups");
  check(out % groups == 0, "out_channels must be divisible by groups");
  check(!(same && strided), "padding='same' is not supported for strided convolutions");
}

// "same" adds dilation * (kernel - 1) in all, the odd one at the end.
int64_t same_total(int64_t kernel, int64_t dilation) { return dilation * (kernel - 1); }

// What a convolution prints; `tuple` writes one extent as Python's tuple.
template <class Conv, class Tuple>
std::string repr(const Conv& c, Tuple tuple) {
  std::string s = concat(c.in_channels, ", ", c.out_channels, ", kernel_size=", tuple(c.kernel_size),
                         ", stride=", tuple(c.stride));
  if (c.padding.same || c.padding.valid)
    s += concat(", padding=", c.padding.same ? "same" : "valid");
  else if (!(c.padding.extent == Pair(0)))
    s += concat(", padding=", tuple(c.padding.extent));
  if (!(Pair(c.dilation) == Pair(1))) s += concat(", dilation=", tuple(c.dilation));
  if (c.groups != 1) s += concat(", groups=", c.groups);
  if (!c.bias) s += ", bias=False";
  if (c.padding_mode != PaddingMode::zeros) s += concat(", padding_mode=", to_string(c.padding_mode));
  return s;
}

}  // namespace

Conv2d::Conv2d(int64_t in, int64_t out, Pair kernel, Conv2dOptions o)
    : in_channels(in),
      out_channels(out),
      kernel_size(kernel),
      stride(o.stride),
      dilation(o.dilation),
      padding(o.padding),
      groups(o.groups),
      padding_mode(o.padding_mode) {
  check_arguments(in, out, groups, padding.same, stride.height != 1 || stride.width != 1);
  weight = zero_parameter({out, in / groups, kernel.height, kernel.width}, o.dtype);
  if (o.bias) bias = zero_parameter({out}, o.dtype);
}

Tensor Conv2d::forward(const Tensor& x) const {
  std::vector<int64_t> around{padding.extent.width, padding.extent.width, padding.extent.height,
                              padding.extent.height};
  if (padding.same) {
    const int64_t width = same_total(kernel_size.width, dilation.width),
                  height = same_total(kernel_size.height, dilation.height);
    around = {width / 2, width - width / 2, height / 2, height - height / 2};
  }
  const bool uneven = around[0] != around[1] || around[2] != around[3];
  const Tensor* input = &x;
  Tensor padded;
  if (padding_mode != PaddingMode::zeros || uneven) {
    const char* mode = padding_mode == PaddingMode::zeros ? "constant" : to_string(padding_mode);
    padded = pad(x, around, mode);
    input = &padded;
    around = {0, 0, 0, 0};
  }
  return conv2d(*input, weight, bias, std::vector<int64_t>{stride.height, stride.width},
                std::vector<int64_t>{around[2], around[0]},
                std::vector<int64_t>{dilation.height, dilation.width}, groups);
}

void Conv2d::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string Conv2d::extra_repr() const {
  return repr(*this, [](const Pair& p) { return p.str(true); });
}

Conv1d::Conv1d(int64_t in, int64_t out, int64_t kernel, Conv1dOptions o)
    : in_channels(in),
      out_channels(out),
      kernel_size(kernel),
      stride(o.stride),
      dilation(o.dilation),
      padding(o.padding),
      groups(o.groups),
      padding_mode(o.padding_mode) {
  check_arguments(in, out, groups, padding.same, stride != 1);
  weight = zero_parameter({out, in / groups, kernel}, o.dtype);
  if (o.bias) bias = zero_parameter({out}, o.dtype);
}

// One row of an image.
Tensor Conv1d::forward(const Tensor& x) const {
  check(x.dim() == 2 || x.dim() == 3,
        "Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size: ", x.shape());
  const int64_t total = padding.same ? same_total(kernel_size, dilation) : 2 * padding.extent.width;
  int64_t left = total / 2;
  Tensor input = x;
  if (padding_mode != PaddingMode::zeros || total % 2 != 0) {
    input = pad(x, std::vector<int64_t>{left, total - left},
                padding_mode == PaddingMode::zeros ? "constant" : to_string(padding_mode));
    left = 0;
  }
  return conv2d(input.unsqueeze(-2), weight.unsqueeze(-2), bias, std::vector<int64_t>{1, stride},
                std::vector<int64_t>{0, left}, std::vector<int64_t>{1, dilation}, groups)
      .squeeze(-2);
}

void Conv1d::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string Conv1d::extra_repr() const {
  return repr(*this, [](const Pair& p) { return concat("(", p.width, ",)"); });
}

}  // namespace sconce::nn
