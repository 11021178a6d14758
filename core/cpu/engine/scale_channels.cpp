// Channels times factors, of the image or of the network.
#include "cpu/engine/scale_channels.h"

#include <algorithm>

#include "cpu/engine/parts.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

class ScaleChannels final : public Operator {
 public:
  // Factors of the network itself if `packs` is given, else the second input's.
  ScaleChannels(const Image& x, int64_t factors_pitch, const Image& y, const Fusion& fusion,
                const isa::Kernels& kernels, Packs* packs)
      : x_(x), y_(y), factors_pitch_(factors_pitch), fusion_(fusion), kernels_(kernels), pixels_(x.h * x.w) {
    if (packs) {
      const int64_t width = ceil_div(x.c, 16) * 16;
      const auto add = [&](const double* from, double otherwise) {
        return packs->add(width, [&](float* to) {
          std::fill(to, to + width, 0.f);
          for (int64_t c = 0; c < x.c; ++c) to[c] = static_cast<float>(from ? from[c] : otherwise);
        });
      };
      scale_ = add(fusion.scale, 1.0);
      shift_ = add(fusion.shift, 0.0);
    }
    fusion_.scale = fusion_.shift = nullptr;
    strips_ = pieces_of(static_cast<double>(pixels_ * x.c), piece_floats, pixels_);
  }

  int64_t pieces() const override { return x_.n * strips_; }

  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t n = piece / strips_, first = part_begin(pixels_, strips_, piece % strips_);
      const int64_t pixel = n * pixels_ + first;
      isa::AffineCall call{};
      call.x = operands.in(0) + pixel * x_.pitch;
      call.x_pitch = x_.pitch;
      call.scale = scale_ ? scale_ : operands.in(1) + n * factors_pitch_;
      call.shift = shift_;
      if (fusion_.residual) call.residual = operands.in(scale_ ? 1 : 2) + pixel * fusion_.residual_pitch;
      call.residual_pitch = fusion_.residual_pitch;
      call.y = operands.out(0) + pixel * y_.pitch;
      call.y_pitch = y_.pitch;
      call.rows = part_begin(pixels_, strips_, piece % strips_ + 1) - first;
      call.channels = x_.c;
      call.activation = fusion_.activation;
      kernels_.vision->affine(call);
    }
  }

  std::string algorithm() const override {
    return std::string(scale_ ? "channel affine " : "channel scale ") + kernels_.name;
  }
  double flops() const override { return (scale_ ? 2.0 : 1.0) * static_cast<double>(x_.rows() * x_.c); }
  double bytes() const override {
    return (fusion_.residual ? 12.0 : 8.0) * static_cast<double>(x_.rows() * x_.c);
  }

 private:
  Image x_, y_;
  int64_t factors_pitch_;
  Fusion fusion_;
  const isa::Kernels& kernels_;
  int64_t pixels_, strips_ = 1;
  const float* scale_ = nullptr;
  const float* shift_ = nullptr;
};

}  // namespace

std::unique_ptr<Operator> make_scale_channels(const Image& x, int64_t factors_pitch, const Image& y,
                                              const Fusion& fusion, const isa::Kernels& kernels) {
  return std::make_unique<ScaleChannels>(x, factors_pitch, y, fusion, kernels, nullptr);
}

std::unique_ptr<Operator> make_channel_affine(const Image& x, const Image& y, const Fusion& fusion,
                                              const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<ScaleChannels>(x, 0, y, fusion, kernels, &packs);
}

}  // namespace sconce::engine
