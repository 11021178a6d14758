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

// One number for each dimension.
Sizes each(const Sizes& sizes, size_t dims) {
  return sizes.size() == 1 ? Sizes(std::vector<int64_t>(dims, sizes[0])) : sizes;
}

// As _ConvNd.extra_repr().
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
  if constexpr (requires { c.output_padding; })
    if (!all(c.output_padding, 0)) s += concat(", output_padding=", tuple(c.output_padding, dims));
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

Conv3d::Conv3d(int64_t in, int64_t out, const Sizes& kernel, Conv3dOptions o)
    : in_channels(in),
      out_channels(out),
      kernel_size(each(kernel, 3)),
      stride(each(o.stride, 3)),
      dilation(each(o.dilation, 3)),
      padding(std::move(o.padding)),
      groups(o.groups) {
  check(kernel_size.size() == 3, "[Conv3d] expected one kernel size or three, got ", kernel_size.size());
  check_arguments(in, out, groups, padding, stride != Sizes{1, 1, 1});
  weight = zero_parameter({out, in / groups, kernel_size[0], kernel_size[1], kernel_size[2]}, o.dtype);
  if (o.bias) bias = zero_parameter({out}, o.dtype);
}

Tensor Conv3d::forward(const Tensor& x) const {
  return conv3d(x, weight, bias, stride, padding, dilation, groups);
}

void Conv3d::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string Conv3d::extra_repr() const { return repr(*this, 3); }

ConvTranspose2d::ConvTranspose2d(int64_t in, int64_t out, Pair kernel, const ConvTranspose2dOptions& o)
    : in_channels(in),
      out_channels(out),
      kernel_size(kernel),
      stride(o.stride),
      output_padding(o.output_padding),
      dilation(o.dilation),
      padding(Sizes(o.padding)),
      groups(o.groups) {
  check_arguments(in, out, groups, padding, false);
  weight = zero_parameter({in, out / groups, kernel.height, kernel.width}, o.dtype);
  if (o.bias) bias = zero_parameter({out}, o.dtype);
}

Tensor ConvTranspose2d::forward(const Tensor& x) const {
  return conv_transpose2d(x, weight, bias, stride, padding.sizes, output_padding, groups, dilation);
}

void ConvTranspose2d::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string ConvTranspose2d::extra_repr() const { return repr(*this, 2); }

ConvTranspose1d::ConvTranspose1d(int64_t in, int64_t out, int64_t kernel, const ConvTranspose1dOptions& o)
    : in_channels(in),
      out_channels(out),
      kernel_size(kernel),
      stride(o.stride),
      output_padding(o.output_padding),
      dilation(o.dilation),
      padding(o.padding),
      groups(o.groups) {
  check_arguments(in, out, groups, padding, false);
  weight = zero_parameter({in, out / groups, kernel}, o.dtype);
  if (o.bias) bias = zero_parameter({out}, o.dtype);
}

Tensor ConvTranspose1d::forward(const Tensor& x) const {
  return conv_transpose1d(x, weight, bias, stride, padding.sizes, output_padding, groups, dilation);
}

void ConvTranspose1d::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string ConvTranspose1d::extra_repr() const { return repr(*this, 1); }

}  // namespace sconce::nn
