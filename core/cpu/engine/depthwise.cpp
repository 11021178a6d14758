// Depthwise convolution: weights packed by tap, pieces of rows or of channels.
#include "cpu/engine/depthwise.h"

#include <algorithm>

#include "cpu/engine/parts.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

constexpr double kPieceFlops = 3e6;
constexpr int64_t kLine = 16;  // floats: the weights' lines, and two pieces never write to one cache line

class Depthwise final : public Operator {
 public:
  Depthwise(const Image& x, const Image& y, const Window& w, const float* weight, const Fusion& fusion,
            bool means, const isa::Kernels& kernels, Packs& packs)
      : x_(x),
        y_(y),
        window_(w),
        fusion_(fusion),
        means_(means),
        kernels_(kernels),
        channels_(ceil_div(y.c, kLine) * kLine) {
    const int64_t taps = w.kernel_h * w.kernel_w;
    weight_ = packs.add(taps * channels_, [&](float* to) {
      std::fill(to, to + taps * channels_, 0.f);
      for (int64_t c = 0; c < y.c; ++c)
        for (int64_t t = 0; t < taps; ++t) {
          const double scale = fusion.scale ? fusion.scale[c] : 1.0;
          to[(c / kLine * taps + t) * kLine + c % kLine] =
              static_cast<float>(static_cast<double>(weight[c * taps + t]) * scale);
        }
    });
    bias_ = packs.add(channels_, [&](float* to) {
      std::fill(to, to + channels_, 0.f);
      for (int64_t c = 0; fusion.shift && c < y.c; ++c) to[c] = static_cast<float>(fusion.shift[c]);
    });
    fusion_.scale = fusion_.shift = nullptr;
    const double image_flops = flops() / static_cast<double>(std::max<int64_t>(y.n, 1));
    // A mean needs all rows of its channels; without it bands of rows are better for the caches than few channels.
    bands_ = means ? 1 : pieces_of(image_flops, kPieceFlops, ceil_div(y.h, 2));
    groups_ = pieces_of(image_flops / static_cast<double>(bands_), kPieceFlops, channels_ / (2 * kLine));
  }

  int64_t pieces() const override { return y_.n * bands_ * groups_; }

  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t image = piece / (bands_ * groups_), band = piece / groups_ % bands_,
                    group = piece % groups_;
      const int64_t lines = channels_ / kLine;
      const int64_t c = part_begin(lines, groups_, group) * kLine;
      const int64_t c_end = std::min(part_begin(lines, groups_, group + 1) * kLine, y_.c);
      isa::DepthwiseCall call{};
      call.x = operands.in(0) + image * x_.h * x_.w * x_.pitch + c;
      call.x_row = x_.w * x_.pitch;
      call.x_pitch = x_.pitch;
      call.h = x_.h;
      call.w = x_.w;
      call.weight = weight_ + c * window_.kernel_h * window_.kernel_w;
      call.bias = bias_ + c;
      if (fusion_.residual) {
        call.residual = operands.in(1) + image * y_.h * y_.w * fusion_.residual_pitch + c;
        call.residual_row = y_.w * fusion_.residual_pitch;
        call.residual_pitch = fusion_.residual_pitch;
      }
      call.y = operands.out(0) + image * y_.h * y_.w * y_.pitch + c;
      call.y_row = y_.w * y_.pitch;
      call.y_pitch = y_.pitch;
      call.w_out = y_.w;
      call.begin = part_begin(y_.h, bands_, band);
      call.end = part_begin(y_.h, bands_, band + 1);
      call.channels = c_end - c;
      call.kernel_h = static_cast<int32_t>(window_.kernel_h);
      call.kernel_w = static_cast<int32_t>(window_.kernel_w);
      call.stride_h = static_cast<int32_t>(window_.stride_h);
      call.stride_w = static_cast<int32_t>(window_.stride_w);
      call.pad_h = static_cast<int32_t>(window_.pad_h);
      call.pad_w = static_cast<int32_t>(window_.pad_w);
      call.dilation_h = static_cast<int32_t>(window_.dilation_h);
      call.dilation_w = static_cast<int32_t>(window_.dilation_w);
      call.activation = fusion_.activation;
      if (means_) call.means = operands.out(1) + image * y_.c + c;
      call.mean_factor = static_cast<float>(1.0 / static_cast<double>(y_.h * y_.w));
      kernels_.vision->depthwise(call);
    }
  }

  std::string algorithm() const override {
    return "depthwise " + std::to_string(window_.kernel_h) + "x" + std::to_string(window_.kernel_w) + " " +
           kernels_.name;
  }
  double flops() const override {
    return 2.0 * static_cast<double>(window_.kernel_h * window_.kernel_w) *
           static_cast<double>(y_.rows() * y_.c);
  }
  double bytes() const override {
    const int64_t outputs = y_.rows() * y_.c;
    return 4.0 * static_cast<double>(x_.rows() * x_.c + outputs * (fusion_.residual ? 2 : 1) +
                                     window_.kernel_h * window_.kernel_w * y_.c);
  }

 private:
  Image x_, y_;
  Window window_;
  Fusion fusion_;
  bool means_;
  const isa::Kernels& kernels_;
  int64_t channels_, bands_ = 1, groups_ = 1;
  const float* weight_ = nullptr;
  const float* bias_ = nullptr;
};

}  // namespace

std::unique_ptr<Operator> make_depthwise(const Image& x, const Image& y, const Window& window,
                                         const float* weight, const Fusion& fusion, bool means,
                                         const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<Depthwise>(x, y, window, weight, fusion, means, kernels, packs);
}

}  // namespace sconce::engine
