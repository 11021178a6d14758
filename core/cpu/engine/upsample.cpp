// Resampling: the neighbours and weights of each output row and column are worked out once.
#include "cpu/engine/upsample.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/engine/parts.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

// Input positions left and right of each output position, and the right one's weight.
struct Neighbours {
  std::vector<int32_t> left, right;
  std::vector<float> weight;
};

// PyTorch takes the position of the nearest pixel in float.
Neighbours nearest(int64_t in, int64_t out, double factor, bool exact) {
  const float step =
      factor > 0 ? static_cast<float>(1.0 / factor) : static_cast<float>(in) / static_cast<float>(out);
  Neighbours n;
  for (int64_t i = 0; i < out; ++i) {
    const float at = step * (static_cast<float>(i) + (exact ? 0.5f : 0.f));
    const auto position = static_cast<int32_t>(std::min(std::floor(at), static_cast<float>(in - 1)));
    n.left.push_back(position);
    n.right.push_back(position);
    n.weight.push_back(0.f);
  }
  return n;
}

Neighbours linear(int64_t in, int64_t out, double factor, bool align_corners) {
  const auto length = static_cast<double>(in), wanted = static_cast<double>(out);
  double step = factor > 0 ? 1.0 / factor : length / wanted;
  if (align_corners) step = out > 1 ? (length - 1) / (wanted - 1) : 0;
  Neighbours n;
  for (int64_t i = 0; i < out; ++i) {
    const auto place = static_cast<double>(i);
    const double at = std::min(align_corners ? step * place : std::max(step * (place + 0.5) - 0.5, 0.0),
                               static_cast<double>(in - 1));
    const auto left = static_cast<int32_t>(at);
    n.left.push_back(left);
    n.right.push_back(std::min(left + 1, static_cast<int32_t>(in - 1)));
    n.weight.push_back(static_cast<float>(at - left));
  }
  return n;
}

class Upsample final : public Operator {
 public:
  Upsample(const Image& x, const Image& y, bool blend, Neighbours rows, Neighbours columns,
           const isa::Kernels& kernels)
      : x_(x), y_(y), blend_(blend), rows_(std::move(rows)), columns_(std::move(columns)), kernels_(kernels) {
    const auto row_floats = static_cast<double>(y.w * y.c);
    strip_ = std::clamp<int64_t>(static_cast<int64_t>(piece_floats / row_floats), 1,
                                 std::max<int64_t>(y.n * y.h, 1));
  }

  int64_t pieces() const override { return ceil_div(y_.n * y_.h, strip_); }

  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    for (int64_t row = begin * strip_; row < std::min(end * strip_, y_.n * y_.h); ++row) {
      const float* image = operands.in(0) + row / y_.h * x_.h * x_.w * x_.pitch;
      const auto i = static_cast<size_t>(row % y_.h);
      const float* top = image + rows_.left[i] * x_.w * x_.pitch;
      float* y = operands.out(0) + row * y_.w * y_.pitch;
      if (blend_) {
        kernels_.vision->blend({top, image + rows_.right[i] * x_.w * x_.pitch, rows_.weight[i], x_.pitch,
                                columns_.left.data(), columns_.right.data(), columns_.weight.data(), y,
                                y_.pitch, y_.w, y_.c});
      } else {
        for (int64_t pixel = 0; pixel < y_.w; ++pixel)
          kernels_.vision->copy_rows(top + columns_.left[static_cast<size_t>(pixel)] * x_.pitch, x_.pitch, 1,
                                     y_.c, y + pixel * y_.pitch, y_.pitch);
      }
    }
  }

  std::string algorithm() const override {
    return std::string(blend_ ? "bilinear " : "nearest ") + kernels_.name;
  }
  double flops() const override { return (blend_ ? 6.0 : 0.0) * static_cast<double>(y_.rows() * y_.c); }
  double bytes() const override { return 4.0 * static_cast<double>(x_.rows() * x_.c + y_.rows() * y_.c); }

 private:
  Image x_, y_;
  bool blend_;
  Neighbours rows_, columns_;
  const isa::Kernels& kernels_;
  int64_t strip_ = 1;
};

}  // namespace

std::unique_ptr<Operator> make_upsample(const Image& x, const Image& y, Resampling mode, bool align_corners,
                                        const std::array<double, 2>& factors, const isa::Kernels& kernels) {
  if (mode == Resampling::bilinear)
    return std::make_unique<Upsample>(x, y, true, linear(x.h, y.h, factors[0], align_corners),
                                      linear(x.w, y.w, factors[1], align_corners), kernels);
  const bool exact = mode == Resampling::nearest_exact;
  return std::make_unique<Upsample>(x, y, false, nearest(x.h, y.h, factors[0], exact),
                                    nearest(x.w, y.w, factors[1], exact), kernels);
}

}  // namespace sconce::engine
