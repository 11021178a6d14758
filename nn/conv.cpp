#include <sconce/nn/conv.h>
#include <sconce/ops.h>

#include "parameters.h"

namespace sconce::nn {
namespace {

// The checks of torch.nn.modules.conv._ConvNd, in its words.
void check_arguments(int64_t in, int64_t out, int64_t groups, const ConvPadding& padding, bool strided) {
  check(groups > 0, "groups must be a positive integer");
  check(in % groups == 0, "in_channels must be divisible by groups");
  check(out % groups == 0, "out_channels must be divisible by groups");
  check(padding.mode.empty() || padding.mode == "same" || padding.mode == "valid", "Invalid padding string '",
        padding.mode, "', should be one of 'valid', 'same'");
  check(!(padding.mode == "same" && strided), "padding='same' is not supported for strided convolutions");
}

// What is to be added before and after each dimension, last dimension first, as pad() takes it.
std::vector<int64_t> amounts(const ConvPadding& padding, const std::vector<int64_t>& kernel,
                             const std::vector<int64_t>& dilation) {
  std::vector<int64_t> out;
  for (size_t d = kernel.size(); d-- > 0;) {
    int64_t before = 0, after = 0;
    if (padding.mode == "same") {
      const int64_t total = dilation[d] * (kernel[d] - 1);
      before = total / 2, after = total - before;
    } else if (padding.mode.empty()) {
      before = after = padding.sizes[padding.sizes.size() == 1 ? 0 : d];
    }
    out.push_back(before), out.push_back(after);
  }
  return out;
}

std::string tuple(const Sizes& sizes, size_t dims) {
  std::string out = "(";
  for (size_t d = 0; d < dims; ++d) out += (d ? ", " : "") + std::to_string(sizes[sizes.size() == 1 ? 0 : d]);
  return out + (dims == 1 ? ",)" : ")");
}

template <class Conv>
std::string repr(const Conv& c, size_t dims) {
  const auto all = [](const Sizes& sizes, int64_t value) {
    for (const int64_t n : sizes)
      if (n != value) return false;
    return true;
  };
  std::string s = concat(c.in_channels, ", ", c.out_channels, ", kernel_size=", tuple(c.kernel_size, dims),
                         ", stride=", tuple(c.stride, dims));
  if (!c.padding.mode.empty())
    s += concat(", padding=", c.padding.mode);
  else if (!all(c.padding.sizes, 0))
    s += concat(", padding=", tuple(c.padding.sizes, dims));
  if (!all(c.dilation, 1)) s += concat(", dilation=", tuple(c.dilation, dims));
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
      padding(std::move(o.padding)),
      groups(o.groups),
      padding_mode(o.padding_mode) {
  check_arguments(in, out, groups, padding, stride.height != 1 || stride.width != 1);
  weight = zero_parameter({out, in / groups, kernel.height, kernel.width}, o.dtype);
  if (o.bias) bias = zero_parameter({out}, o.dtype);
}

Tensor Conv2d::forward(const Tensor& x) const {
  if (padding_mode == PaddingMode::zeros) return conv2d(x, weight, bias, stride, padding, dilation, groups);
  const std::vector<int64_t> around = amounts(padding, Sizes(kernel_size), Sizes(dilation));
  return conv2d(pad(x, around, to_string(padding_mode)), weight, bias, stride, 0, dilation, groups);
}

void Conv2d::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string Conv2d::extra_repr() const { return repr(*this, 2); }

Conv1d::Conv1d(int64_t in, int64_t out, int64_t kernel, Conv1dOptions o)
    : in_channels(in),
      out_channels(out),
      kernel_size(kernel),
      stride(o.stride),
      dilation(o.dilation),
      padding(std::move(o.padding)),
      groups(o.groups),
      padding_mode(o.padding_mode) {
  check_arguments(in, out, groups, padding, stride != 1);
  weight = zero_parameter({out, in / groups, kernel}, o.dtype);
  if (o.bias) bias = zero_parameter({out}, o.dtype);
}

Tensor Conv1d::forward(const Tensor& x) const {
  if (padding_mode == PaddingMode::zeros) return conv1d(x, weight, bias, stride, padding, dilation, groups);
  const std::vector<int64_t> around = amounts(padding, {kernel_size}, {dilation});
  return conv1d(pad(x, around, to_string(padding_mode)), weight, bias, stride, 0, dilation, groups);
}

void Conv1d::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string Conv1d::extra_repr() const { return repr(*this, 1); }

}  // namespace sconce::nn
