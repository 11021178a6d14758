// Depthwise convolutions are sums of shifted planes; the others are products of the weights, as they lie, with panels of pixels.
#include "cpu/conv_f32.h"

#include <sconce/ops/create.h>
#include <sconce/threads.h>

#include <algorithm>
#include <memory>

#include "cpu/isa/gemm.h"
#include "cpu/isa/planes.h"
#include "cpu/isa_choice.h"
#include "cpu/padded_planes.h"
#include "cpu/products.h"

namespace sconce::eager {
namespace {

using Floats = std::unique_ptr<float[]>;
Floats floats(int64_t count) { return Floats(new float[static_cast<size_t>(count)]); }

PlaneWindow window_of(const ConvArgs& a) {
  return {
      a.input.size(2), a.input.size(3), a.out.size(2), a.out.size(3), {a.weight.size(2), a.weight.size(3)},
      a.stride,        a.padding,       a.dilation};
}

void depthwise(const ConvArgs& a, const PlaneWindow& window) {
  const PaddedPlanes planes(window);
  const auto taps = static_cast<int64_t>(planes.taps().size());
  const int64_t channels = a.input.size(1), out_channels = a.out.size(1), each = out_channels / channels;
  const int64_t pixels = window.oh * window.ow, outputs = planes.outputs();
  const auto* input = a.input.data<float>();
  const auto* weight = a.weight.data<float>();
  const auto* bias = a.bias.defined() ? a.bias.data<float>() : nullptr;
  auto* out = a.out.mutable_data<float>();
  const auto weighted_sum = best_kernels().planes->weighted_sum;
  const int64_t work = std::max<int64_t>(outputs * taps * each, 1);
  parallel_for(
      0, a.input.size(0) * channels, std::max<int64_t>(1, 200'000 / work), [&](int64_t begin, int64_t end) {
        const Floats padded = floats(planes.floats() + PaddedPlanes::slack()), sums = floats(outputs);
        std::fill_n(padded.get() + planes.floats(), PaddedPlanes::slack(), 0.F);
        std::vector<const float*> sources;
        for (int64_t tap : planes.taps()) sources.push_back(padded.get() + tap);
        for (int64_t i = begin; i < end; ++i) {
          planes.fill(input + i * window.h * window.w, 0.F, padded.get());
          for (int64_t j = 0; j < each; ++j) {
            const int64_t channel = i % channels * each + j;
            float* to = out + (i * each + j) * pixels;
            float* sum = planes.row() == window.ow ? to : sums.get();
            weighted_sum(sources.data(), weight + channel * taps, taps, bias ? bias[channel] : 0.F, sum,
                         outputs);
            if (sum != to)
              for (int64_t y = 0; y < window.oh; ++y)
                std::copy_n(sum + y * planes.row(), window.ow, to + y * window.ow);
          }
        }
      });
}

// The pixels that the taps see, as a matrix of [channel and tap][output pixel].
class SeenPixels final : public Columns {
 public:
  SeenPixels(const PaddedPlanes& planes, int64_t ow, const float* padded)
      : planes_(planes), ow_(ow), padded_(padded), gather_(best_kernels().planes->gather) {}

  void pack(int64_t k, int64_t count, int64_t column, int64_t columns, int64_t width,
            float* panel) const override {
    isa::Stretch stretches[64];  // a panel is at most so wide
    isa::GatherCall call{};
    for (int64_t done = 0; done < columns; ++call.count) {
      const int64_t y = (column + done) / ow_, x = (column + done) % ow_,
                    n = std::min(ow_ - x, columns - done);
      stretches[call.count] = {y * planes_.row() + x, done, n};
      done += n;
    }
    constexpr int64_t kAtOnce = 64;
    const float* sources[kAtOnce];
    const auto taps = static_cast<int64_t>(planes_.taps().size());
    call.sources = sources, call.width = width, call.stretches = stretches;
    int64_t channel = k / taps, tap = k % taps;
    for (int64_t first = 0; first < count; first += kAtOnce) {
      call.rows = std::min(kAtOnce, count - first);
      for (int64_t i = 0; i < call.rows; ++i) {
        sources[i] = padded_ + channel * planes_.floats() + planes_.taps()[static_cast<size_t>(tap)];
        if (++tap == taps) tap = 0, ++channel;
      }
      call.panel = panel + first * width;
      gather_(call);
    }
  }

 private:
  const PaddedPlanes& planes_;
  int64_t ow_;
  const float* padded_;
  void (*gather_)(const isa::GatherCall&);
};

// Planes whose pixels are the matrix already.
class Planes final : public Columns {
 public:
  Planes(const float* first, int64_t pixels)
      : first_(first), pixels_(pixels), pack_(best_kernels().gemm->pack_rows) {}
  void pack(int64_t k, int64_t count, int64_t column, int64_t columns, int64_t width,
            float* panel) const override {
    pack_(first_ + k * pixels_ + column, pixels_, count, columns, width, panel);
  }

 private:
  const float* first_;
  int64_t pixels_;
  decltype(isa::GemmKernels::pack_rows) pack_;
};

// One product for each image and group.
class Convolution final : public Products {
 public:
  Convolution(const ConvArgs& a, const PlaneWindow& window)
      : groups_(a.groups),
        channels_(a.input.size(1)),
        weight_(a.weight.data<float>()),
        bias_(a.bias.defined() ? a.bias.data<float>() : nullptr),
        out_(a.out.mutable_data<float>()),
        m_(a.out.size(1) / a.groups),
        k_(channels_ / a.groups * window.kernel[0] * window.kernel[1]),
        n_(window.oh * window.ow),
        planes_(window) {
    const int64_t images = a.input.size(0), in = channels_ / groups_, plane = window.h * window.w;
    const auto* input = a.input.data<float>();
    if (window.is_pointwise()) {
      for (int64_t i = 0; i < images * groups_; ++i)
        columns_.push_back(std::make_unique<Planes>(input + i * in * plane, plane));
      return;
    }
    const int64_t each = planes_.floats(), all = images * channels_;
    padded_ = empty({all * each + PaddedPlanes::slack()}, DType::f32);
    auto* padded = padded_.mutable_data<float>();
    parallel_for(0, all, std::max<int64_t>(1, 100'000 / each), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) planes_.fill(input + i * plane, 0.F, padded + i * each);
    });
    for (int64_t i = 0; i < images * groups_; ++i)
      columns_.push_back(std::make_unique<SeenPixels>(planes_, window.ow, padded + i * in * each));
  }

  void run() const {
    if (k_ > 0) return multiply_all(*this, static_cast<int64_t>(columns_.size()), m_, k_, n_);
    for (int64_t i = 0; i < static_cast<int64_t>(columns_.size()) * m_; ++i)
      std::fill_n(out_ + i * n_, n_, bias_ ? bias_[i % (groups_ * m_)] : 0.F);
  }

  Product product(int64_t i) const override {
    const int64_t group = i % groups_;
    return {.m = m_,
            .k = k_,
            .n = n_,
            .a = weight_ + group * m_ * k_,
            .a_pitch = k_,
            .columns = columns_[static_cast<size_t>(i)].get(),
            .start = bias_ ? bias_ + group * m_ : nullptr,
            .c = out_ + i * m_ * n_,
            .c_pitch = n_};
  }

 private:
  int64_t groups_, channels_;
  const float* weight_;
  const float* bias_;
  float* out_;
  int64_t m_, k_, n_;
  PaddedPlanes planes_;
  Tensor padded_;
  std::vector<std::unique_ptr<Columns>> columns_;
};

}  // namespace

void conv2d(const ConvArgs& args) {
  const PlaneWindow window = window_of(args);
  if (args.weight.size(1) == 1 && args.groups > 1)
    depthwise(args, window);
  else
    Convolution(args, window).run();
}

}  // namespace sconce::eager
