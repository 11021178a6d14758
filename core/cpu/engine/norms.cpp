// Layer norm, RMS norm and group norm as operators.
#include "cpu/engine/norms.h"

#include "cpu/engine/split.h"
#include "cpu/isa/tokens.h"

namespace sconce::engine {
namespace {

const float* keep(const float* values, int64_t count, Packs& packs) {
  if (!values) return nullptr;
  return packs.add(count, [&](float* to) { std::copy_n(values, count, to); });
}

class RowNorm final : public Operator {
 public:
  RowNorm(const Image& x, const Image& y, const NormWeights& weights, double eps, bool centred,
          const isa::Kernels& kernels, Packs& packs)
      : x_(x), y_(y), kernels_(kernels), split_(Split::by_cost(x.rows(), 2 * x.c, kFloatsOfPiece)) {
    call_.weight = keep(weights.weight, x.c, packs);
    call_.bias = keep(weights.bias, x.c, packs);
    call_.x_pitch = x.pitch, call_.y_pitch = y.pitch;
    call_.channels = x.c;
    call_.eps = static_cast<float>(eps);
    call_.centred = centred;
  }

  int64_t pieces() const override { return split_.pieces(); }
  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    const int64_t first = split_.begin(begin);
    isa::NormCall call = call_;
    call.x = operands.in(0) + first * x_.pitch;
    call.y = operands.out(0) + first * y_.pitch;
    call.rows = split_.begin(end) - first;
    kernels_.tokens->norm(call);
  }

  std::string algorithm() const override {
    return std::string(call_.centred ? "layer norm " : "rms norm ") + kernels_.name;
  }
  double flops() const override { return 8.0 * static_cast<double>(x_.rows() * x_.c); }
  double bytes() const override { return 8.0 * static_cast<double>(x_.rows() * x_.c); }

 private:
  Image x_, y_;
  isa::NormCall call_{};
  const isa::Kernels& kernels_;
  Split split_;
};

// A piece: some groups of one image. Their channels are at least a few cache lines wide where the groups allow it.
class GroupNorm final : public Operator {
 public:
  GroupNorm(const Image& x, const Image& y, int64_t groups, const NormWeights& weights, double eps,
            isa::Activation activation, const isa::Kernels& kernels, Packs& packs)
      : x_(x),
        y_(y),
        kernels_(kernels),
        group_channels_(x.c / groups),
        groups_(Split::by_cost(groups, group_channels_, 64)),
        activation_(activation),
        eps_(eps),
        weight_(keep(weights.weight, x.c, packs)),
        bias_(keep(weights.bias, x.c, packs)) {}

  int64_t pieces() const override { return x_.n * groups_.pieces(); }
  int64_t scratch_bytes() const override { return 8 * (groups_.each * group_channels_ + 16); }
  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t image = piece / groups_.pieces(), part = piece % groups_.pieces();
      const int64_t group = groups_.begin(part), channel = group * group_channels_, pixels = x_.h * x_.w;
      kernels_.tokens->group_norm({.x = operands.in(0) + (image * pixels * x_.pitch + channel),
                                   .y = operands.out(0) + (image * pixels * y_.pitch + channel),
                                   .x_pitch = x_.pitch,
                                   .y_pitch = y_.pitch,
                                   .rows = pixels,
                                   .groups = groups_.begin(part + 1) - group,
                                   .group_channels = group_channels_,
                                   .weight = weight_ ? weight_ + channel : nullptr,
                                   .bias = bias_ ? bias_ + channel : nullptr,
                                   .eps = static_cast<float>(eps_),
                                   .activation = activation_,
                                   .scratch = static_cast<float*>(scratch)});
    }
  }

  std::string algorithm() const override { return std::string("group norm ") + kernels_.name; }
  double flops() const override { return 8.0 * static_cast<double>(x_.rows() * x_.c); }
  double bytes() const override { return 8.0 * static_cast<double>(x_.rows() * x_.c); }

 private:
  Image x_, y_;
  const isa::Kernels& kernels_;
  int64_t group_channels_;
  Split groups_;
  isa::Activation activation_;
  double eps_;
  const float* weight_;
  const float* bias_;
};

}  // namespace

std::unique_ptr<Operator> make_layer_norm(const Image& x, const Image& y, const NormWeights& weights,
                                          double eps, const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<RowNorm>(x, y, weights, eps, true, kernels, packs);
}
std::unique_ptr<Operator> make_rms_norm(const Image& x, const Image& y, const NormWeights& weights,
                                        double eps, const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<RowNorm>(x, y, weights, eps, false, kernels, packs);
}
std::unique_ptr<Operator> make_group_norm(const Image& x, const Image& y, int64_t groups,
                                          const NormWeights& weights, double eps, isa::Activation activation,
                                          const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<GroupNorm>(x, y, groups, weights, eps, activation, kernels, packs);
}

}  // namespace sconce::engine
