// Expansion, depthwise convolution and projection, strip by strip of output rows.
#include "cpu/engine/depthwise_block.h"

#include <algorithm>

#include "cpu/engine/gemm_weights.h"
#include "cpu/engine/parts.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

constexpr double kPieceFlops = 6e6;
constexpr int64_t kStripFloats =
    56 * 1024;  // of hidden rows in scratch memory: half of a small second-level cache
constexpr int64_t kPackedFloats =
    16 * 1024;  // weights that stay in the first two caches beside a tile's rows

// A 1x1 convolution of rows that lie side by side.
class Pointwise {
 public:
  Pointwise() = default;
  Pointwise(const float* weight, const Fusion& fusion, int64_t in, int64_t out, const isa::GemmKernels& gemm,
            Packs& packs)
      : gemm_(&gemm), activation_(fusion.activation), shape_(weights_shape(1, in, out, 1, gemm)) {
    ConvWeights weights;
    weights.weight = weight;
    shape_.data = pack_weights(shape_, weights, fusion.scale, 1, false, 1, {0}, gemm, packs);
    shape_.bias = pack_row(fusion.shift, out, packs);
  }

  int64_t bytes() const { return shape_.bytes(); }

  // `rows` has room for `count` pointers.
  void run(const float* x, int64_t x_pitch, int64_t count, float* y, int64_t y_pitch, const float* residual,
           int64_t residual_pitch, const float** rows) const {
    for (int64_t i = 0; i < count; ++i) rows[i] = x + i * x_pitch;
    isa::Epilogue epilogue{shape_.bias, residual, residual_pitch, activation_};
    isa::GemmCall call{};
    call.k = shape_.k;
    call.c_pitch = y_pitch;
    call.epilogue = &epilogue;
    const int64_t width = gemm_->width();
    const auto tile = [&](int64_t panel, int64_t i, int64_t height) {
      const int64_t c = panel * width;
      call.rows = rows + i;
      call.panel = shape_.data + c * shape_.k;
      call.columns = std::min(width, shape_.n - c);
      call.c = y + i * y_pitch + c;
      if (shape_.bias) epilogue.bias = shape_.bias + c;
      if (residual) epilogue.residual = residual + i * residual_pitch + c;
      gemm_->tile[gemm_->vectors_for(call.columns)][height](call);
    };
    const int64_t most = gemm_->rows[gemm_->vectors], tiles = ceil_div(count, most);
    // Small weights pass by while the tile's rows stay; large ones stay, panel by panel, while the rows pass by.
    if (shape_.k * shape_.n <= kPackedFloats) {
      for (int64_t t = 0; t < tiles; ++t)
        for (int64_t p = 0; p < shape_.panels; ++p)
          tile(p, part_begin(count, tiles, t), part_begin(count, tiles, t + 1) - part_begin(count, tiles, t));
    } else {
      for (int64_t p = 0; p < shape_.panels; ++p)
        for (int64_t t = 0; t < tiles; ++t)
          tile(p, part_begin(count, tiles, t), part_begin(count, tiles, t + 1) - part_begin(count, tiles, t));
    }
  }

 private:
  const isa::GemmKernels* gemm_ = nullptr;
  isa::Activation activation_ = isa::Activation::none;
  PackedWeights shape_;
};

class DepthwiseBlockOperator final : public Operator {
 public:
  DepthwiseBlockOperator(const DepthwiseBlock& block, const isa::Kernels& kernels, Packs& packs)
      : b_(block),
        kernels_(kernels),
        expands_(block.expand_weight != nullptr),
        pitch_(padded_pitch(block.hidden)) {
    if (expands_) expand_ = Pointwise(b_.expand_weight, b_.expand, b_.x.c, b_.hidden, *kernels.gemm, packs);
    const int64_t taps = b_.window.kernel_h * b_.window.kernel_w, lines = ceil_div(b_.hidden, 16) * 16;
    weight_ = packs.add(taps * lines, [&](float* to) {
      std::fill(to, to + taps * lines, 0.f);
      for (int64_t c = 0; c < b_.hidden; ++c)
        for (int64_t t = 0; t < taps; ++t) {
          const double scale = b_.depthwise.scale ? b_.depthwise.scale[c] : 1.0;
          const auto value = static_cast<double>(b_.depthwise_weight[c * taps + t]);
          to[(c / 16 * taps + t) * 16 + c % 16] = static_cast<float>(value * scale);
        }
    });
    bias_ = packs.add(lines, [&](float* to) {
      std::fill(to, to + lines, 0.f);
      for (int64_t c = 0; b_.depthwise.shift && c < b_.hidden; ++c)
        to[c] = static_cast<float>(b_.depthwise.shift[c]);
    });
    project_ = Pointwise(b_.project_weight, b_.project, b_.hidden, b_.y.c, *kernels.gemm, packs);
    b_.expand_weight = b_.depthwise_weight = b_.project_weight = nullptr;
    for (Fusion* fusion : {&b_.expand, &b_.depthwise, &b_.project}) fusion->scale = fusion->shift = nullptr;
    const Window& w = b_.window;
    // Rows of output at a time: as many as leave hidden and convolved rows in the cache.
    const int64_t row = b_.x.w * pitch_ * w.stride_h + b_.y.w * pitch_, kept = w.kernel_h * b_.x.w * pitch_;
    strip_ = std::clamp<int64_t>((kStripFloats - kept) / row, 1, b_.y.h);
    bands_ = pieces_of(flops() / static_cast<double>(std::max<int64_t>(b_.y.n, 1)), kPieceFlops,
                       ceil_div(b_.y.h, 4));
  }

  int64_t pieces() const override { return b_.y.n * bands_; }
  int64_t scratch_bytes() const override {
    return (hidden_floats() + convolved_floats()) * 4 +
           std::max(hidden_rows() * b_.x.w, strip_ * b_.y.w) * static_cast<int64_t>(sizeof(float*));
  }

  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override {
    // Neighbouring bands are one: where one ends, the hidden rows that the next one needs are there.
    for (int64_t piece = begin; piece < end;) {
      const int64_t image = piece / bands_, first = piece % bands_,
                    last = std::min(bands_, first + end - piece);
      run_rows(operands, image, part_begin(b_.y.h, bands_, first), part_begin(b_.y.h, bands_, last),
               static_cast<float*>(scratch));
      piece += last - first;
    }
  }

  std::string algorithm() const override {
    return std::string(expands_ ? "expand, depthwise, project " : "depthwise, project ") + kernels_.name;
  }
  double flops() const override {
    const auto hidden = static_cast<double>(b_.hidden);
    return 2 * hidden *
           ((expands_ ? static_cast<double>(b_.x.rows() * b_.x.c) : 0) +
            static_cast<double>(b_.y.rows() * (b_.window.kernel_h * b_.window.kernel_w + b_.y.c)));
  }
  double bytes() const override {
    return 4.0 * static_cast<double>(b_.x.rows() * b_.x.c +
                                     b_.y.rows() * b_.y.c * (b_.project.residual ? 2 : 1)) +
           static_cast<double>((expands_ ? expand_.bytes() : 0) + project_.bytes());
  }

 private:
  int64_t hidden_rows() const { return (strip_ - 1) * b_.window.stride_h + b_.window.kernel_h; }
  // With room to read behind them, in whole lines.
  int64_t hidden_floats() const {
    return expands_ ? ceil_div(hidden_rows() * b_.x.w * pitch_, 16) * 16 + 16 : 0;
  }
  int64_t convolved_floats() const { return ceil_div(strip_ * b_.y.w * pitch_, 16) * 16 + 16; }

  void run_rows(const Operands& operands, int64_t image, int64_t begin, int64_t end, float* scratch) const {
    const Window& w = b_.window;
    const Image &x = b_.x, &y = b_.y;
    const int64_t hidden_row = x.w * pitch_;
    float* hidden = scratch;
    float* convolved = hidden + hidden_floats();
    auto** rows = reinterpret_cast<const float**>(convolved + convolved_floats());
    const float* from = operands.in(0) + image * x.h * x.w * x.pitch;
    int64_t ready = 0;  // hidden rows up to here have been computed
    for (int64_t top = begin; top < end; top += strip_) {
      const int64_t bottom = std::min(top + strip_, end);
      isa::DepthwiseCall call{};
      if (expands_) {
        // Each hidden row once, into its place in the ring.
        const int64_t need = std::max<int64_t>(top * w.stride_h - w.pad_h, ready);
        const int64_t until = std::min((bottom - 1) * w.stride_h - w.pad_h + w.kernel_h, x.h),
                      ring = hidden_rows();
        for (int64_t row = need; row < until;) {
          const int64_t slot = row % ring, count = std::min(until - row, ring - slot);
          expand_.run(from + row * x.w * x.pitch, x.pitch, count * x.w, hidden + slot * hidden_row, pitch_,
                      nullptr, 0, rows);
          row += count;
        }
        ready = std::max(until, need);
        call.x = hidden;
        call.ring = ring;
        call.x_pitch = pitch_;
      } else {
        call.x = from;
        call.x_pitch = x.pitch;
      }
      call.x_row = x.w * call.x_pitch;
      call.h = x.h;
      call.w = x.w;
      call.weight = weight_;
      call.bias = bias_;
      call.y = convolved - top * y.w * pitch_;
      call.y_row = y.w * pitch_;
      call.y_pitch = pitch_;
      call.w_out = y.w;
      call.begin = top;
      call.end = bottom;
      call.channels = b_.hidden;
      call.kernel_h = static_cast<int32_t>(w.kernel_h);
      call.kernel_w = static_cast<int32_t>(w.kernel_w);
      call.stride_h = static_cast<int32_t>(w.stride_h);
      call.stride_w = static_cast<int32_t>(w.stride_w);
      call.pad_h = static_cast<int32_t>(w.pad_h);
      call.pad_w = static_cast<int32_t>(w.pad_w);
      call.dilation_h = call.dilation_w = 1;
      call.activation = b_.depthwise.activation;
      kernels_.vision->depthwise(call);
      const int64_t pixel = (image * y.h + top) * y.w, pitch = b_.project.residual_pitch;
      project_.run(convolved, pitch_, (bottom - top) * y.w, operands.out(0) + pixel * y.pitch, y.pitch,
                   b_.project.residual ? operands.in(1) + pixel * pitch : nullptr, pitch, rows);
    }
  }

  DepthwiseBlock b_;
  const isa::Kernels& kernels_;
  bool expands_;
  int64_t pitch_, strip_ = 1, bands_ = 1;
  Pointwise expand_, project_;
  const float* weight_ = nullptr;
  const float* bias_ = nullptr;
};

}  // namespace

std::unique_ptr<Operator> make_depthwise_block(const DepthwiseBlock& block, const isa::Kernels& kernels,
                                               Packs& packs) {
  return std::make_unique<DepthwiseBlockOperator>(block, kernels, packs);
}

bool worth_fusing(const DepthwiseBlock& block) {
  return block.x.h * block.x.w * padded_pitch(block.hidden) > 128 * 1024;
}

}  // namespace sconce::engine
