// Convolutions.
#pragma once
#include <sconce/nn/arguments.h>
#include <sconce/nn/module.h>

namespace sconce::nn {

struct Conv2dOptions {
  Pair stride = 1;
  ConvPadding padding = 0;  // numbers, "same" (stride 1 only) or "valid" (none)
  Pair dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  PaddingMode padding_mode = PaddingMode::zeros;
  DType dtype = DType::f32;
};

// Two-dimensional convolution, as torch.nn.Conv2d: [N, in_channels, H, W] or [in_channels, H, W].
//   Conv2d conv{3, 16, 3, {.stride = 2, .padding = 1}};      Conv2d wide{3, 16, {1, 7}, {.padding = "same"}};
// Throws PyTorch's words (ErrorKind::invalid_argument) when groups do not divide the channels or "same" meets
// a stride.
class Conv2d : public Module {
 public:
  Conv2d(int64_t in_channels, int64_t out_channels, Pair kernel_size, Conv2dOptions options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t in_channels, out_channels;
  Pair kernel_size, stride, dilation;
  ConvPadding padding;
  int64_t groups;
  PaddingMode padding_mode;
  Tensor weight;  // [out_channels, in_channels / groups, kernel height, kernel width]
  Tensor bias;    // [out_channels], or undefined
};

struct Conv1dOptions {
  int64_t stride = 1;
  ConvPadding padding = 0;  // numbers, "same" (stride 1 only) or "valid" (none)
  int64_t dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  PaddingMode padding_mode = PaddingMode::zeros;
  DType dtype = DType::f32;
};

// One-dimensional convolution, as torch.nn.Conv1d: [N, in_channels, L] or [in_channels, L].
class Conv1d : public Module {
 public:
  Conv1d(int64_t in_channels, int64_t out_channels, int64_t kernel_size, Conv1dOptions options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t in_channels, out_channels, kernel_size, stride, dilation;
  ConvPadding padding;
  int64_t groups;
  PaddingMode padding_mode;
  Tensor weight;  // [out_channels, in_channels / groups, kernel]
  Tensor bias;    // [out_channels], or undefined
};

struct Conv3dOptions {
  Sizes stride = 1;
  ConvPadding padding = 0;  // numbers, "same" (stride 1 only) or "valid" (none)
  Sizes dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  DType dtype = DType::f32;
};

// Three-dimensional convolution, as torch.nn.Conv3d: [N, in_channels, D, H, W] or [in_channels, D, H, W]. Sizes are one
// number or three.
class Conv3d : public Module {
 public:
  Conv3d(int64_t in_channels, int64_t out_channels, const Sizes& kernel_size, Conv3dOptions options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t in_channels, out_channels;
  Sizes kernel_size, stride, dilation;  // three numbers each
  ConvPadding padding;
  int64_t groups;
  PaddingMode padding_mode = PaddingMode::zeros;
  Tensor weight;  // [out_channels, in_channels / groups, kernel depth, height, width]
  Tensor bias;    // [out_channels], or undefined
};

struct ConvTranspose2dOptions {
  Pair stride = 1, padding = 0, output_padding = 0;
  int64_t groups = 1;
  bool bias = true;
  Pair dilation = 1;
  DType dtype = DType::f32;
};

// Transposed convolution, as torch.nn.ConvTranspose2d: [N, in_channels, H, W] or [in_channels, H, W].
class ConvTranspose2d : public Module {
 public:
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, Pair kernel_size,
                  const ConvTranspose2dOptions& options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t in_channels, out_channels;
  Pair kernel_size, stride, output_padding, dilation;
  ConvPadding padding;
  int64_t groups;
  PaddingMode padding_mode = PaddingMode::zeros;
  Tensor weight;  // [in_channels, out_channels / groups, kernel height, kernel width]
  Tensor bias;    // [out_channels], or undefined
};

struct ConvTranspose1dOptions {
  int64_t stride = 1, padding = 0, output_padding = 0, groups = 1;
  bool bias = true;
  int64_t dilation = 1;
  DType dtype = DType::f32;
};

// The same in one dimension, as torch.nn.ConvTranspose1d: [N, in_channels, L] or [in_channels, L].
class ConvTranspose1d : public Module {
 public:
  ConvTranspose1d(int64_t in_channels, int64_t out_channels, int64_t kernel_size,
                  const ConvTranspose1dOptions& options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t in_channels, out_channels, kernel_size, stride, output_padding, dilation;
  ConvPadding padding;
  int64_t groups;
  PaddingMode padding_mode = PaddingMode::zeros;
  Tensor weight;  // [in_channels, out_channels / groups, kernel]
  Tensor bias;    // [out_channels], or undefined
};

}  // namespace sconce::nn
