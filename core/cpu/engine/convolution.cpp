// Convolutions of every kind as products of packed weights with rows that are read where they lie; Linear is the 1x1 case.
#include "cpu/engine/convolution.h"

#include <sconce/error.h>

#include <numeric>
#include <vector>

#include "cpu/engine/gemm_weights.h"
#include "cpu/engine/inner_gemm.h"
#include "cpu/engine/tap_gemm.h"

namespace sconce::engine {
namespace {

// The taps of one axis: which position of the kernel, and how far from the first pixel that the grid reads.
struct AxisTap {
  int64_t position, offset;
};

std::vector<AxisTap> plain_taps(int64_t kernel, int64_t pad, int64_t dilation) {
  std::vector<AxisTap> taps;
  for (int64_t k = 0; k < kernel; ++k) taps.push_back({k, k * dilation - pad});
  return taps;
}

// Those that reach the output pixels `phase`, `phase` + stride, ... of a transposed convolution.
std::vector<AxisTap> phase_taps(int64_t kernel, int64_t pad, int64_t dilation, int64_t stride,
                                int64_t phase) {
  std::vector<AxisTap> taps;
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t reach = phase + pad - k * dilation;
    if (reach % stride == 0) taps.push_back({k, reach / stride});
  }
  return taps;
}

class Convolution final : public Operator {
 public:
  Convolution(const ConvGeometry& g, const ConvWeights& weights, const Fusion& fusion,
              const Prologue& prologue, const isa::Kernels& kernels, Packs& packs)
      : gathered_(!g.transposed && g.groups == 1 && g.in.c < 16 && g.kernel_d * g.kernel_h * g.kernel_w > 1),
        stored_(weights.stored) {
    const float* bias = pack_row(fusion.shift, g.out.c, packs);
    const int64_t phases_y = g.transposed ? g.stride_h : 1, phases_x = g.transposed ? g.stride_w : 1;
    const int64_t phases_z = g.transposed ? g.stride_d : 1;
    for (int64_t z = 0; z < phases_z; ++z)
      for (int64_t y = 0; y < phases_y; ++y)
        for (int64_t x = 0; x < phases_x; ++x)
          if (z < g.out_depth && y < g.out.h && x < g.out.w)
            add_phase(g, {z, y, x}, bias, weights, fusion, prologue, kernels, packs);

    const double channels = static_cast<double>(g.in.c) / static_cast<double>(g.groups);
    const double positions = static_cast<double>(g.kernel_d * g.kernel_h * g.kernel_w);
    flops_ = 2 * channels * positions *
             static_cast<double>(g.transposed ? g.in.rows() * g.out.c : g.out.rows() * g.out.c);
    const int64_t floats = g.in.rows() * g.in.c + g.out.rows() * g.out.c * (fusion.residual ? 2 : 1);
    bytes_ = 4 * static_cast<double>(floats) +
             static_cast<double>(isa::size_of(stored_)) * channels * positions * static_cast<double>(g.out.c);
    const isa::GemmKernels& k = *kernels.gemm;
    algorithm_ = inner_ ? concat("inner product ", isa::kInnerRows, "x", isa::kInnerColumns)
                        : concat("gemm ", k.rows[k.vectors], "x", k.width());
    algorithm_ += concat(gathered_ ? " gathered " : " ", kernels.name);
  }

  int64_t pieces() const override { return pieces_; }
  int64_t scratch_bytes() const override {
    int64_t most = 0;
    for (const auto& phase : phases_) most = std::max(most, phase->scratch_bytes());
    return most;
  }
  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override {
    Operands own = operands;
    if (phases_.size() > 1) own.kept = nullptr;  // what one phase keeps is nothing to the next
    for (const auto& phase : phases_) {
      const int64_t pieces = phase->pieces();
      if (begin < pieces && end > 0)
        phase->run(std::max<int64_t>(begin, 0), std::min(end, pieces), own, scratch);
      begin -= pieces;
      end -= pieces;
    }
  }
  std::string algorithm() const override { return algorithm_; }
  const char* precision() const override {
    constexpr const char* names[] = {"f32", "bf16", "f16", "int8"};
    return names[static_cast<int>(stored_)];
  }
  double flops() const override { return flops_; }
  double bytes() const override { return bytes_; }

 private:
  void add_phase(const ConvGeometry& g, const TapGrid::Point& phase, const float* bias,
                 const ConvWeights& weights, const Fusion& fusion, const Prologue& prologue,
                 const isa::Kernels& kernels, Packs& packs) {
    TapGrid grid;
    grid.in = g.in;
    grid.out = g.out;
    grid.batch = g.in.n / g.in_depth;
    grid.in_depth = g.in_depth;
    grid.out_depth = g.out_depth;
    std::vector<AxisTap> z, y, x;
    if (g.transposed) {
      grid.size = {(g.out_depth - phase.z + g.stride_d - 1) / g.stride_d,
                   (g.out.h - phase.y + g.stride_h - 1) / g.stride_h,
                   (g.out.w - phase.x + g.stride_w - 1) / g.stride_w};
      grid.out_first = phase;
      grid.out_step = {g.stride_d, g.stride_h, g.stride_w};
      z = phase_taps(g.kernel_d, g.pad_front, g.dilation_d, g.stride_d, phase.z);
      y = phase_taps(g.kernel_h, g.pad_top, g.dilation_h, g.stride_h, phase.y);
      x = phase_taps(g.kernel_w, g.pad_left, g.dilation_w, g.stride_w, phase.x);
    } else {
      grid.size = {g.out_depth, g.out.h, g.out.w};
      grid.step = {g.stride_d, g.stride_h, g.stride_w};
      z = plain_taps(g.kernel_d, g.pad_front, g.dilation_d);
      y = plain_taps(g.kernel_h, g.pad_top, g.dilation_h);
      x = plain_taps(g.kernel_w, g.pad_left, g.dilation_w);
    }
    std::vector<int64_t> chosen;
    for (const AxisTap& tz : z)
      for (const AxisTap& ty : y)
        for (const AxisTap& tx : x) {
          grid.taps.push_back({tz.offset, ty.offset, tx.offset});
          chosen.push_back((tz.position * g.kernel_h + ty.position) * g.kernel_w + tx.position);
        }
    const auto taps = static_cast<int64_t>(chosen.size());
    GridRows rows(std::move(grid), gathered_, prologue, *kernels.gemm, packs);
    inner_ = kernels.inner && stored_ == isa::Stored::f32 && !g.transposed && g.groups == 1 && rows.flat() &&
             inner_pays(rows.count(), rows.k(), rows.taps(), g.out.c);
    if (inner_) {
      const InnerWeights inner =
          pack_inner(weights, fusion.scale, g.in.c, taps, g.out.c, gathered_, kernels, packs);
      phases_.push_back(std::make_unique<InnerGemm>(std::move(rows), inner, bias, fusion, kernels));
    } else {
      PackedWeights shape =
          weights_shape(g.groups, g.in.c / g.groups, g.out.c / g.groups, taps, *kernels.gemm);
      shape.stored = stored_;
      pack_weights(shape, weights, fusion.scale, g.groups, g.transposed, g.kernel_d * g.kernel_h * g.kernel_w,
                   chosen, *kernels.gemm, packs);
      shape.bias = bias;
      if (gathered_) {  // the same bytes, read as one tap
        shape.k *= taps;
        shape.taps = 1;
      }
      phases_.push_back(std::make_unique<TapGemm>(std::move(rows), shape, fusion, kernels));
    }
    pieces_ += phases_.back()->pieces();
  }

  bool gathered_, inner_ = false;
  isa::Stored stored_;
  std::vector<std::unique_ptr<GridProduct>> phases_;
  int64_t pieces_ = 0;
  double flops_ = 0, bytes_ = 0;
  std::string algorithm_;
};

// Whether each output pixel reads one input pixel, and that lies inside.
bool is_pointwise(const ConvGeometry& g) {
  return !g.transposed && g.kernel_d * g.kernel_h * g.kernel_w == 1 && g.pad_front == 0 && g.pad_top == 0 &&
         g.pad_left == 0 && (g.out_depth - 1) * g.stride_d < g.in_depth &&
         (g.out.h - 1) * g.stride_h < g.in.h && (g.out.w - 1) * g.stride_w < g.in.w;
}

}  // namespace

std::unique_ptr<Operator> make_convolution(const ConvGeometry& g, const ConvWeights& weights,
                                           const Fusion& fusion, const Prologue& prologue,
                                           const isa::Kernels& kernels, Packs& packs) {
  check(g.groups > 0 && g.in.c % g.groups == 0 && g.out.c % g.groups == 0,
        "[convolution] expected channels that ", g.groups, " groups divide, got ", g.in.c, " and ", g.out.c);
  check(g.in_depth > 0 && g.out_depth > 0 && g.in.n % g.in_depth == 0 &&
            g.in.n / g.in_depth * g.out_depth == g.out.n,
        "[convolution] expected as many images out as in, got ", g.out.n, " for ", g.in.n);
  check(g.in.pitch >= g.in.c && g.out.pitch >= g.out.c &&
            (!fusion.residual || fusion.residual_pitch >= g.out.c),
        "[convolution] expected pixels that do not overlap");
  check(g.kernel_d > 0 && g.kernel_h > 0 && g.kernel_w > 0 && g.stride_d > 0 && g.stride_h > 0 &&
            g.stride_w > 0 && g.dilation_d > 0 && g.dilation_h > 0 && g.dilation_w > 0,
        "[convolution] expected positive kernel sizes, strides and dilations");
  check(is_pointwise(g) || prologue.kind == Prologue::Kind::none,
        "[convolution] expected a 1x1 kernel with a prologue, got ", g.kernel_h, "x", g.kernel_w);
  check((is_pointwise(g) && g.groups == 1) || !weights.in_by_out,
        "[convolution] expected a 1x1 kernel with weights [in][out], got ", g.kernel_h, "x", g.kernel_w);
  check(g.in.rows() > 0 && g.in.c > 0 && g.out.rows() > 0 && g.out.c > 0,
        "[convolution] expected something to do");
  return std::make_unique<Convolution>(g, weights, fusion, prologue, kernels, packs);
}

std::unique_ptr<Operator> make_linear(const Image& in, const Image& out, const ConvWeights& weights,
                                      const Fusion& fusion, const Prologue& prologue,
                                      const isa::Kernels& kernels, Packs& packs) {
  check(in.rows() == out.rows(), "[linear] expected as many rows out as in, got ", out.rows(), " for ",
        in.rows());
  ConvGeometry g;
  g.in = in;
  g.out = out;
  g.out.n = in.n, g.out.h = in.h, g.out.w = in.w;
  return make_convolution(g, weights, fusion, prologue, kernels, packs);
}

}  // namespace sconce::engine
