// Pooling over images, [N, C, H, W] or [C, H, W].
#pragma once
#include <sconce/nn/arguments.h>
#include <sconce/nn/module.h>

#include <optional>

namespace sconce::nn {

struct MaxPool2dOptions {
  Pair stride = {};  // by default the kernel size
  Pair padding = 0;
  Pair dilation = 1;
  bool ceil_mode = false;
};

// As torch.nn.MaxPool2d: MaxPool2d pool{3, {.stride = 2, .padding = 1}}.
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(Pair kernel, MaxPool2dOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  Pair kernel_size, stride, padding, dilation;
  bool ceil_mode;
};

struct AvgPool2dOptions {
  Pair stride = {};  // by default the kernel size
  Pair padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<int64_t> divisor_override = {};
};

// As torch.nn.AvgPool2d.
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(Pair kernel, AvgPool2dOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  Pair kernel_size, stride, padding;
  bool ceil_mode, count_include_pad;
  std::optional<int64_t> divisor_override;
};

// Averages over as many windows as the result has places, as torch.nn.AdaptiveAvgPool2d. Pair::unset in place
// of an extent, as PyTorch's None, keeps that of the input.
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(Pair output) : output_size(output) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  Pair output_size;
};

// The same with the largest element, as torch.nn.AdaptiveMaxPool2d.
class AdaptiveMaxPool2d : public Module {
 public:
  explicit AdaptiveMaxPool2d(Pair output) : output_size(output) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  Pair output_size;
};

}  // namespace sconce::nn
