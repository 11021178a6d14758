// Winograd's convolution: blocks of tiles go through input transform, one product per element, and output transform, all in the
// second-level cache.
#include "cpu/engine/winograd.h"

#include <algorithm>

#include "cpu/engine/parts.h"
#include "cpu/engine/winograd_inner_weights.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

// Tiles of a block, and panels of output channels whose sums are kept before they are transformed.
constexpr int64_t kBlock = 18, kGroup = 4, kGroupColumns = 128;

int edge_of(WinogradTile tile) { return tile == WinogradTile::f43 ? 6 : 4; }

// Distances that spread over the sets of a cache: an odd number of lines.
int64_t odd_lines(int64_t floats) {
  const int64_t lines = ceil_div(floats, 16);
  return (lines % 2 ? lines : lines + 1) * 16;
}

class Winograd final : public Operator {
 public:
  Winograd(WinogradTile tile, const Image& x, const Image& y, int64_t pad_h, int64_t pad_w,
           const float* weight, const Fusion& fusion, const isa::Kernels& kernels, Packs& packs)
      : which_(tile == WinogradTile::f43 ? 1 : 0),
        edge_(edge_of(tile)),
        x_(x),
        y_(y),
        pad_h_(pad_h),
        pad_w_(pad_w),
        fusion_(fusion),
        kernels_(kernels),
        inner_(kernels.inner && x.c % isa::kInnerBlock == 0 && y.c >= 48),
        width_(inner_ ? isa::kInnerColumns : kernels.gemm->width()),
        panels_(ceil_div(y.c, width_)),
        group_(inner_ ? kGroupColumns / width_ : kGroup),
        groups_(ceil_div(panels_, group_)) {
    const int64_t out = edge_ - 2;
    tiles_w_ = ceil_div(y.w, out);
    tiles_ = y.n * ceil_div(y.h, out) * tiles_w_;
    blocks_ = ceil_div(tiles_, kBlock);
    block_ = ceil_div(tiles_, std::max<int64_t>(blocks_, 1));
    v_pitch_ = inner_ ? x.c : odd_lines(x.c);
    v_element_ = odd_lines(block_ * v_pitch_);
    m_pitch_ = std::min(panels_, group_) * width_;
    m_element_ = odd_lines(block_ * m_pitch_);
    // Several pieces share a block's input only where there are few blocks, since each piece that runs apart transforms it anew.
    splits_ = blocks_ >= 4 ? 1 : std::min<int64_t>(groups_, blocks_ == 1 ? 4 : 2);
    if (inner_) {
      inner_weights_ =
          pack_inner_winograd(which_, edge_, weight, fusion.scale, x.c, y.c, group_, kernels, packs);
      weight_ = inner_weights_.panels;
    } else {
      weight_ = packs.add(pack_floats(), [&](float* to) { pack(weight, to); });
    }
    bias_ = packs.add(panels_ * width_, [&](float* to) {
      std::fill(to, to + panels_ * width_, 0.f);
      for (int64_t c = 0; fusion.shift && c < y.c; ++c) to[c] = static_cast<float>(fusion.shift[c]);
    });
    fusion_.scale = fusion_.shift = nullptr;
  }

  int64_t pieces() const override { return blocks_ * splits_; }
  int64_t scratch_bytes() const override {
    return elements() * (v_element_ + m_element_) * 4 + block_ * static_cast<int64_t>(sizeof(float*)) + 128 +
           (inner_ ? (chunks() * elements() + 1) * kBlock * 4 : 0);
  }

  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override {
    auto* v = static_cast<float*>(scratch);
    float* m = v + elements() * v_element_;
    auto** rows = reinterpret_cast<const float**>(m + elements() * m_element_);
    const TileSums sums{reinterpret_cast<float*>(rows + block_),
                        reinterpret_cast<float*>(rows + block_) + chunks() * elements() * kBlock};
    for (int64_t i = 0; i < block_; ++i) rows[i] = v + i * v_pitch_;
    int64_t none = -1;
    int64_t& transformed = operands.kept ? *operands.kept : none;  // the block whose inputs are in v
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t block = piece / splits_, split = piece % splits_;
      const int64_t first = part_begin(tiles_, blocks_, block),
                    count = part_begin(tiles_, blocks_, block + 1) - first;
      if (block != transformed) transform_inputs(operands.in(0), first, count, v, sums);
      transformed = block;
      for (int64_t g = part_begin(groups_, splits_, split); g < part_begin(groups_, splits_, split + 1);
           ++g) {
        if (inner_)
          multiply_inner(v, sums, count, g, m);
        else
          multiply(rows, count, g, m);
        transform_outputs(operands, first, count, g, m, sums);
      }
    }
  }

  std::string algorithm() const override {
    return std::string(edge_ == 6 ? "winograd 4x4 " : "winograd 2x2 ") +
           (inner_ ? "by inner products " : "") + kernels_.name;
  }
  double flops() const override { return 18.0 * static_cast<double>(y_.rows() * y_.c * x_.c); }
  double bytes() const override {
    return 4.0 * static_cast<double>(x_.rows() * x_.c + y_.rows() * y_.c * (fusion_.residual ? 2 : 1) +
                                     pack_floats());
  }

 private:
  // Of the tiles of a block, where products are inner ones: the sums of x0 x1 by [chunk][element][tile], and what their results are multiplied by.
  struct TileSums {
    float* products;
    float* scale;
  };
  int64_t elements() const { return edge_ * edge_; }
  int64_t chunks() const { return isa::inner_chunks(x_.c); }
  int64_t panels_of(int64_t group) const { return std::min(panels_, (group + 1) * group_) - group * group_; }
  int64_t panel_width(int64_t panel) const {
    if (inner_) return width_;
    return kernels_.gemm->vectors_for(y_.c - panel * width_) * int64_t{kernels_.gemm->vector};
  }
  // Packed: [group][element][panel of the group], a panel being [in channel][width]; for inner products
  // [group][element][chunk][panel of the group], so that a chunk of the tiles stays in the first-level cache while panels pass.
  int64_t column_floats() const { return inner_ ? isa::inner_panel_floats(x_.c) / width_ : x_.c; }
  int64_t group_begin(int64_t group) const { return elements() * column_floats() * group * group_ * width_; }
  int64_t group_width(int64_t group) const {
    const int64_t last = std::min(panels_, (group + 1) * group_) - 1;
    return (last - group * group_) * width_ + panel_width(last);
  }
  int64_t pack_floats() const {
    return elements() * column_floats() * ((panels_ - 1) * width_ + panel_width(panels_ - 1));
  }

  void pack(const float* weight, float* to) const {
    for (int64_t p = 0; p < panels_; ++p) {
      const int64_t group = p / group_, c = p * width_;
      kernels_.vision->winograd_weights[which_](
          weight + c * x_.c * 9, x_.c * 9, std::min(y_.c - c, width_),
          fusion_.scale ? fusion_.scale + c : nullptr, x_.c, panel_width(p),
          to + group_begin(group) + (p - group * group_) * width_ * x_.c, group_width(group) * x_.c);
    }
  }

  // Image, and first output row and column, of a tile.
  struct Place {
    int64_t image, y, x;
  };
  Place place(int64_t tile) const {
    const int64_t out = edge_ - 2, tiles_h = ceil_div(y_.h, out), row = tile / tiles_w_;
    return {row / tiles_h, row % tiles_h * out, tile % tiles_w_ * out};
  }

  void transform_inputs(const float* x, int64_t first, int64_t count, float* v, const TileSums& sums) const {
    if (inner_) return transform_inputs_scaled(x, first, count, v, sums);
    isa::WinogradInputCall call{};
    call.x_row = x_.w * x_.pitch;
    call.x_pitch = x_.pitch;
    call.channels = x_.c;
    call.v_element = v_element_;
    for (int64_t i = 0; i < count; ++i) {
      const Place at = place(first + i);
      const int64_t top = at.y - pad_h_, left = at.x - pad_w_;
      call.x = x + (at.image * x_.h + top) * call.x_row + left * x_.pitch;
      call.top = static_cast<int32_t>(std::max<int64_t>(-top, 0));
      call.bottom = static_cast<int32_t>(std::min<int64_t>(x_.h - top, edge_));
      call.left = static_cast<int32_t>(std::max<int64_t>(-left, 0));
      call.right = static_cast<int32_t>(std::min<int64_t>(x_.w - left, edge_));
      call.v = v + i * v_pitch_;
      kernels_.vision->winograd_input[which_](call);
    }
  }

  void transform_inputs_scaled(const float* x, int64_t first, int64_t count, float* v,
                               const TileSums& sums) const {
    isa::InnerWinogradCall call{};
    call.x_row = x_.w * x_.pitch;
    call.x_pitch = x_.pitch;
    call.channels = x_.c;
    call.channel_scale = inner_weights_.channel_scale;
    call.v_element = v_element_;
    call.v_block = count * isa::kInnerBlock;
    call.sums_element = count;
    call.sums_chunk = elements() * count;
    for (int64_t i = 0; i < count; ++i) {
      const Place at = place(first + i);
      const int64_t top = at.y - pad_h_, left = at.x - pad_w_;
      call.x = x + (at.image * x_.h + top) * call.x_row + left * x_.pitch;
      call.top = static_cast<int32_t>(std::max<int64_t>(-top, 0));
      call.bottom = static_cast<int32_t>(std::min<int64_t>(x_.h - top, edge_));
      call.left = static_cast<int32_t>(std::max<int64_t>(-left, 0));
      call.right = static_cast<int32_t>(std::min<int64_t>(x_.w - left, edge_));
      call.v = v + i * isa::kInnerBlock;
      call.sums = sums.products + i;
      call.tile_scale = sums.scale + i;
      kernels_.inner->winograd[which_](call);
    }
  }

  void multiply_inner(const float* v, const TileSums& sums, int64_t count, int64_t group, float* m) const {
    isa::InnerCall call{};
    call.c_pitch = m_pitch_;
    call.panel = weight_ + group_begin(group);
    call.prefetch_step = 64;
    for (int64_t e = 0; e < elements(); ++e)
      for (int64_t k = 0; k < x_.c; k += isa::kInnerChunk) {
        call.k = std::min(x_.c - k, isa::kInnerChunk);
        call.accumulate = k > 0;
        call.x = v + e * v_element_ + k * count;
        call.sums = sums.products + (k / isa::kInnerChunk * elements() + e) * count;
        for (int64_t p = 0; p < panels_of(group); ++p) {
          call.c = m + e * m_element_ + p * width_;
          const float* next = call.panel + isa::inner_panel_floats(call.k);
          call.prefetch = reinterpret_cast<const char*>(next);  // comes while this one is used
          kernels_.inner->tile[count](call);
          call.panel = next;
        }
      }
  }

  void multiply(const float* const* rows, int64_t count, int64_t group, float* m) const {
    const isa::GemmKernels& gemm = *kernels_.gemm;
    const int64_t first = group * group_, last = std::min(panels_, first + group_);
    const float* panel = weight_ + group_begin(group);
    isa::GemmCall call{};
    call.k = x_.c;
    call.c_pitch = m_pitch_;
    for (int64_t e = 0; e < elements(); ++e)
      for (int64_t p = first; p < last; ++p) {
        const int64_t width = panel_width(p);
        const int vectors = gemm.vectors_for(width);
        call.offset = e * v_element_;
        call.panel = panel;
        call.columns = width;
        panel += x_.c * width;
        // The next panel comes from far away while this one is used.
        call.prefetch = reinterpret_cast<const char*>(panel);
        call.prefetch_step = width * 4;
        for (int64_t i = 0; i < count;) {
          const int64_t tiles = ceil_div(count - i, gemm.rows[vectors]), height = ceil_div(count - i, tiles);
          call.rows = rows + i;
          call.c = m + e * m_element_ + i * m_pitch_ + (p - first) * width_;
          gemm.tile[vectors][height](call);
          call.prefetch = nullptr;
          i += height;
        }
      }
  }

  void transform_outputs(const Operands& operands, int64_t first, int64_t count, int64_t group,
                         const float* m, const TileSums& sums) const {
    isa::WinogradOutputCall call{};
    const int64_t c = group * group_ * width_, pitch = fusion_.residual_pitch;
    call.m_element = m_element_;
    call.channels = std::min(y_.c - c, group_ * width_);
    call.scale = inner_ ? inner_weights_.column_scale + c : nullptr;
    call.y_row = y_.w * y_.pitch;
    call.y_pitch = y_.pitch;
    call.bias = bias_ + c;
    call.residual_row = y_.w * pitch;
    call.residual_pitch = pitch;
    call.activation = fusion_.activation;
    for (int64_t i = 0; i < count; ++i) {
      const Place at = place(first + i);
      const int64_t pixel = (at.image * y_.h + at.y) * y_.w + at.x;
      call.m = m + i * m_pitch_;
      if (inner_) call.tile_scale = sums.scale[i];
      call.y = operands.out(0) + pixel * y_.pitch + c;
      if (fusion_.residual) call.residual = operands.in(1) + pixel * pitch + c;
      call.rows = static_cast<int32_t>(std::min<int64_t>(edge_ - 2, y_.h - at.y));
      call.columns = static_cast<int32_t>(std::min<int64_t>(edge_ - 2, y_.w - at.x));
      kernels_.vision->winograd_output[which_](call);
    }
  }

  int which_, edge_;
  Image x_, y_;
  int64_t pad_h_, pad_w_;
  Fusion fusion_;
  const isa::Kernels& kernels_;
  bool inner_;
  int64_t width_, panels_, group_, groups_;
  int64_t tiles_w_, tiles_, blocks_, block_, splits_;
  int64_t v_pitch_, v_element_, m_pitch_, m_element_;
  InnerWinogradWeights inner_weights_;
  const float* weight_ = nullptr;
  const float* bias_ = nullptr;
};

}  // namespace

std::unique_ptr<Operator> make_winograd(WinogradTile tile, const Image& x, const Image& y, int64_t pad_h,
                                        int64_t pad_w, const float* weight, const Fusion& fusion,
                                        const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<Winograd>(tile, x, y, pad_h, pad_w, weight, fusion, kernels, packs);
}

int64_t winograd_pack_floats(WinogradTile tile, int64_t in_channels, int64_t out_channels,
                             const isa::Kernels& kernels) {
  const int64_t vector = kernels.gemm->vector, edge = edge_of(tile);
  return edge * edge * in_channels * ceil_div(out_channels, vector) * vector;
}

namespace {

// What fetching packed weights costs, in multiply-adds for each float: little from the third-level cache, while products go on.
double streaming_cost(double floats, double times) {
  return floats * (floats > 3e6 ? 10 : 2) * std::max(1.0, times);
}

}  // namespace

// Fitted to times of 14 shapes on Zen 3, of 32 to 512 channels and 7x7 to 112x112 pixels.
double winograd_cost(WinogradTile tile, const Image& x, const Image& y) {
  const int64_t edge = edge_of(tile), out = edge - 2;
  const auto tiles = static_cast<double>(y.n * ceil_div(y.h, out) * ceil_div(y.w, out));
  const auto elements = static_cast<double>(edge * edge);
  const auto in = static_cast<double>(x.c), outs = static_cast<double>(y.c);
  const double transforms = tiles * elements * 12 * (in + outs);
  return tiles * elements * in * outs + transforms +
         streaming_cost(elements * in * outs, tiles / static_cast<double>(kBlock));
}

double direct_cost(const Image& x, const Image& y) {
  const double weights = 9.0 * static_cast<double>(x.c * y.c);
  return weights * static_cast<double>(y.rows()) / 0.92 + streaming_cost(weights, 1);
}

}  // namespace sconce::engine
