// Padding and resizing of images, [N, C, H, W] or [C, H, W].
#pragma once
#include <sconce/nn/arguments.h>
#include <sconce/nn/module.h>

#include <optional>

namespace sconce::nn {

// What the padding layers share. Padding is one number or {left, right, top, bottom}.
class PadLayer : public Module {
 public:
  std::string extra_repr() const override { return padding.str(); }

  ImagePadding padding;

 protected:
  explicit PadLayer(ImagePadding p) : padding(p) {}
};

// Zeros around, as torch.nn.ZeroPad2d.
class ZeroPad2d : public PadLayer {
 public:
  explicit ZeroPad2d(ImagePadding p) : PadLayer(p) {}
  Tensor forward(const Tensor& x) const override;
};

// A constant around, as torch.nn.ConstantPad2d.
class ConstantPad2d : public PadLayer {
 public:
  ConstantPad2d(ImagePadding p, double v) : PadLayer(p), value(v) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  double value;
};

// The image mirrored at its edges, which are not repeated, as torch.nn.ReflectionPad2d.
class ReflectionPad2d : public PadLayer {
 public:
  explicit ReflectionPad2d(ImagePadding p) : PadLayer(p) {}
  Tensor forward(const Tensor& x) const override;
};

// The edges repeated, as torch.nn.ReplicationPad2d.
class ReplicationPad2d : public PadLayer {
 public:
  explicit ReplicationPad2d(ImagePadding p) : PadLayer(p) {}
  Tensor forward(const Tensor& x) const override;
};

struct UpsampleOptions {
  Pair size = {};                           // the new height and width, or
  std::optional<double> scale_factor = {};  // how many times the old ones
  std::string mode = "nearest";             // or "bilinear", ...: those of interpolate
  std::optional<bool> align_corners = {};   // linear and bilinear only
};

// As torch.nn.Upsample: Upsample up{{.scale_factor = 2, .mode = "bilinear"}}.
class Upsample : public Module {
 public:
  // Throws ErrorKind::invalid_argument unless exactly one of size and scale_factor is given.
  explicit Upsample(UpsampleOptions options);
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  UpsampleOptions options;
};

}  // namespace sconce::nn
