#include <sconce/nn/dropout.h>
#include <sconce/nn/models/swin.h>
#include <sconce/ops.h>

#include "heads.h"
#include "models/blocks.h"
#include "parameters.h"

namespace sconce::nn {
namespace {

// Halves height and width: four neighbours side by side, normed, and half of them linearly.
class PatchMerging : public Module {
 public:
  explicit PatchMerging(int64_t width) : reduction(4 * width, 2 * width, {.bias = false}), norm(4 * width) {}
  Tensor forward(const Tensor& x) const override {
    const int64_t h = x.size(1), w = x.size(2);
    const Tensor even = h % 2 + w % 2 == 0 ? x : pad(x, std::vector<int64_t>{0, 0, 0, w % 2, 0, h % 2});
    const auto part = [&](int64_t row, int64_t column) {
      return even.slice(1, row, even.size(1), 2).slice(2, column, even.size(2), 2);
    };
    return reduction(norm(cat({part(0, 0), part(1, 0), part(0, 1), part(1, 1)}, -1)));
  }
  void members(Walk& w) override {
    w("reduction", reduction);
    w("norm", norm);
  }

  Linear reduction;
  LayerNorm norm;
};

// For each pair of places in a window the row of the bias table: their distance, counted from 0. [side^4]
Tensor relative_positions(int64_t side) {
  const int64_t places = side * side, span = 2 * side - 1;
  Tensor out = empty({places * places}, DType::i64);
  int64_t* to = out.mutable_data<int64_t>();
  for (int64_t i = 0; i < places; ++i)
    for (int64_t j = 0; j < places; ++j)
      *to++ = (i / side - j / side + side - 1) * span + i % side - j % side + side - 1;
  return out;
}

// How a map of h x w is cut into windows of side x side, after a cyclic shift.
struct Windows {
  int64_t side, h, w, shift_h, shift_w;  // h and w padded to multiples of side

  int64_t count() const { return h / side * (w / side); }
  bool shifted() const { return shift_h + shift_w > 0; }
  // After the shift, which of the pieces that were neighbours before a row or column belongs to.
  int64_t piece(int64_t at, int64_t extent, int64_t shift) const {
    return shift == 0 || at < extent - side ? 0 : at < extent - shift ? 1 : 2;
  }
  // -100 between places of different pieces, else 0: [count, 1, side^2, side^2].
  Tensor mask() const {
    const int64_t places = side * side, columns = w / side;
    Tensor out = empty({count(), 1, places, places});
    float* to = out.mutable_data<float>();
    std::vector<int64_t> pieces(static_cast<size_t>(places));
    for (int64_t window = 0; window < count(); ++window) {
      for (int64_t i = 0; i < places; ++i)
        pieces[static_cast<size_t>(i)] = piece(window / columns * side + i / side, h, shift_h) * 3 +
                                         piece(window % columns * side + i % side, w, shift_w);
      for (const int64_t a : pieces)
        for (const int64_t b : pieces) *to++ = a == b ? 0.0f : -100.0f;
    }
    return out;
  }
};

// Attention within windows, with a learned bias for each distance. [N, H, W, C] -> the same.
class ShiftedWindowAttention : public Module {
 public:
  ShiftedWindowAttention(int64_t width, int64_t window, int64_t shift, int64_t heads)
      : relative_position_bias_table(
            zero_parameter({(2 * window - 1) * (2 * window - 1), heads}, DType::f32)),
        relative_position_index(relative_positions(window)),
        qkv(width, 3 * width),
        proj(width, width),
        window_size(window),
        shift_size(shift),
        num_heads(heads) {}

  Tensor forward(const Tensor& x) const override {
    const int64_t n = x.size(0), side = window_size, c = x.size(3);
    const int64_t more_h = (side - x.size(1) % side) % side, more_w = (side - x.size(2) % side) % side;
    const int64_t h = x.size(1) + more_h, w = x.size(2) + more_w;
    const Windows windows{side, h, w, side >= h ? 0 : shift_size, side >= w ? 0 : shift_size};
    Tensor y = more_h + more_w == 0 ? x : pad(x, std::vector<int64_t>{0, 0, 0, more_w, 0, more_h});
    if (windows.shifted()) y = roll(y, {-windows.shift_h, -windows.shift_w}, {1, 2});
    y = y.reshape({n, h / side, side, w / side, side, c})
            .permute({0, 1, 3, 2, 4, 5})
            .reshape({n * windows.count(), side * side, c});
    y = attend(y, n, windows);
    y = y.view({n, h / side, w / side, side, side, c}).permute({0, 1, 3, 2, 4, 5}).reshape({n, h, w, c});
    if (windows.shifted()) y = roll(y, {windows.shift_h, windows.shift_w}, {1, 2});
    return more_h + more_w == 0 ? y : y.slice(1, 0, x.size(1)).slice(2, 0, x.size(2)).contiguous();
  }

  void members(Walk& w) override {
    w("relative_position_bias_table", relative_position_bias_table);
    w.buffer("relative_position_index", relative_position_index);
    w("qkv", qkv);
    w("proj", proj);
  }

  Tensor relative_position_bias_table;  // [(2 * window - 1)^2, heads]
  Tensor relative_position_index;       // [window^4], i64
  Linear qkv, proj;
  int64_t window_size, shift_size, num_heads;

 private:
  // What is added to the scores: [1, heads, places, places], of shifted windows [windows, heads, places, places].
  Tensor bias(const Windows& windows) const {
    const int64_t places = window_size * window_size;
    const Tensor by_distance = index(relative_position_bias_table, relative_position_index)
                                   .view({places, places, num_heads})
                                   .permute({2, 0, 1})
                                   .unsqueeze(0);
    if (!windows.shifted()) return by_distance;
    return add(by_distance, windows.mask().to(relative_position_bias_table.device()).to(by_distance.dtype()));
  }

  // Each window of [n * windows, places, c] by itself.
  Tensor attend(const Tensor& x, int64_t n, const Windows& windows) const {
    std::vector<Tensor> parts = split(qkv(x), x.size(2), 2);
    for (Tensor& part : parts) part = split_heads(part, num_heads);
    const std::vector<int64_t> shape = parts[0].shape().extents();
    const bool several = windows.shifted() && n > 1;  // the windows of each image have the same masks
    if (several)
      for (Tensor& part : parts) part = part.view({n, windows.count(), shape[1], shape[2], shape[3]});
    const Tensor seen =
        scaled_dot_product_attention(parts[0], parts[1], parts[2], {.attn_mask = bias(windows)});
    return proj(merge_heads(several ? seen.view(shape) : seen));
  }
};

class SwinTransformerBlock : public Module {
 public:
  SwinTransformerBlock(int64_t width, int64_t heads, int64_t window, int64_t shift, double drop_probability)
      : norm1(width),
        attn(width, window, shift, heads),
        stochastic_depth(drop_probability, "row"),
        norm2(width),
        mlp(width, 4 * width) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor y = add(x, stochastic_depth(attn(norm1(x))));
    return add(y, stochastic_depth(mlp(norm2(y))));
  }
  void members(Walk& w) override {
    w("norm1", norm1);
    w("attn", attn);
    w("stochastic_depth", stochastic_depth);
    w("norm2", norm2);
    w("mlp", mlp);
  }

  LayerNorm norm1;
  ShiftedWindowAttention attn;
  StochasticDepth stochastic_depth;
  LayerNorm norm2;
  MLP mlp;
};

Sequential features_of(const SwinConfig& c) {
  int64_t total = 0, made = 0;
  for (const int64_t n : c.depths) total += n;
  Sequential s;
  s.push_back(std::make_unique<Sequential>(Conv2d(3, c.embed_dim, {4, 4}, {.stride = {4, 4}}),
                                           Permute({0, 2, 3, 1}), LayerNorm(c.embed_dim)));
  int64_t width = c.embed_dim;
  for (size_t i = 0; i < c.depths.size(); ++i, width *= 2) {
    Sequential stage;
    for (int64_t b = 0; b < c.depths[i]; ++b, ++made)
      stage.push_back(SwinTransformerBlock(
          width, c.num_heads[i], c.window_size, b % 2 == 0 ? 0 : c.window_size / 2,
          c.stochastic_depth_prob * static_cast<double>(made) / static_cast<double>(total - 1)));
    s.push_back(std::make_unique<Sequential>(std::move(stage)));
    if (i + 1 < c.depths.size()) s.push_back(PatchMerging(width));
  }
  return s;
}

}  // namespace

SwinTransformer::SwinTransformer(const SwinConfig& c)
    : features(features_of(c)),
      norm(8 * c.embed_dim),
      permute(std::make_unique<Permute>(std::vector<int64_t>{0, 3, 1, 2})),
      avgpool(1),
      flatten(1),
      head(8 * c.embed_dim, c.num_classes) {}

Tensor SwinTransformer::forward(const Tensor& x) const {
  return head(flatten(avgpool((*permute)(norm(features(x))))));
}

void SwinTransformer::members(Walk& w) {
  w("features", features);
  w("norm", norm);
  w("permute", permute);
  w("avgpool", avgpool);
  w("flatten", flatten);
  w("head", head);
}

SwinTransformer swin_t(int64_t num_classes) { return SwinTransformer({.num_classes = num_classes}); }
SwinTransformer swin_s(int64_t num_classes) {
  return SwinTransformer({.depths = {2, 2, 18, 2}, .stochastic_depth_prob = 0.3, .num_classes = num_classes});
}
SwinTransformer swin_b(int64_t num_classes) {
  return SwinTransformer({.embed_dim = 128,
                          .depths = {2, 2, 18, 2},
                          .num_heads = {4, 8, 16, 32},
                          .stochastic_depth_prob = 0.5,
                          .num_classes = num_classes});
}

}  // namespace sconce::nn
