// Winograd's and depthwise convolutions, poolings, channel scales and other sizes of images.
#include "cpu/engine/depthwise.h"
#include "cpu/engine/layout_change.h"
#include "cpu/engine/pooling.h"
#include "cpu/engine/scale_channels.h"
#include "cpu/engine/upsample.h"
#include "cpu/engine/winograd.h"
#include "cpu/isa_choice.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"
#include "graph/passes/batch_norm.h"

namespace sconce::plan {
namespace {

using engine::Window;

Window window_of(const ConvolutionArguments& c) {
  return {c.kernel[1], c.kernel[2], c.stride[1],   c.stride[2],
          c.pad[1],    c.pad[2],    c.dilation[1], c.dilation[2]};
}

Window window_of(const NodeArguments& a) {
  const auto both = [&](const char* name, int64_t otherwise) {
    std::vector<int64_t> v = a.ints(name);
    if (v.empty()) v = {otherwise};
    return std::pair(v[0], v.back());
  };
  const auto k = both("kernel_size", 1), s = both("stride", 1), p = both("padding", 0),
             d = both("dilation", 1);
  return {k.first, k.second, s.first, s.second, p.first, p.second, d.first, d.second};
}

bool is_image(const Lowering& l, ValueId id) { return l.is_f32(id) && l.shape(id).dim() == 4; }

// The node that takes the mean over all pixels of the value, or -1.
int32_t global_mean_of(const Lowering& l, ValueId y) {
  for (int32_t reader : l.uses().readers(y)) {
    const Node& node = l.graph().nodes[static_cast<size_t>(reader)];
    if (node.op != "aten.adaptive_avg_pool2d.default") continue;
    if (NodeArguments(node).ints("output_size") == std::vector<int64_t>{1, 1} && !l.in_slice(node.outputs[0]))
      return reader;
  }
  return -1;
}

bool lower_depthwise(Lowering& l, const Node& node, const ConvolutionArguments& c) {
  const NodeArguments a(node);
  const Tensor weight = constant_of(l.graph(), a.value("weight")).contiguous();
  const ValueId y = node.outputs[0];
  const FoldedWeights folded = folded_weights(l.graph(), node);
  const Laid in = l.image(a.value("input"));
  engine::Fusion fusion{folded.scale_data(), folded.bias_data(), false, 0, activation_behind(node)};
  Slot residual;
  if (!a.is_none("residual")) {
    const Laid laid = l.image(a.value("residual"));
    fusion.residual = true, fusion.residual_pitch = laid.image.pitch, residual = laid.slot;
  }
  const Laid out = l.new_image(y);
  const int32_t mean = global_mean_of(l, y);
  Slot means;
  if (mean >= 0) {
    const ValueId id = l.graph().nodes[static_cast<size_t>(mean)].outputs[0];
    const int64_t channels = l.shape(y)[1];
    if (l.goes_to_output(id))
      l.new_image(id);
    else
      l.new_strided(id, {channels, 1, 1, 1}, l.shape(id).numel());
    means = l.slot_of(l.place(id));
    l.mark_done(mean);
  }
  l.add(node,
        engine::make_depthwise(in.image, out.image, window_of(c), weight.data<float>(), fusion, mean >= 0,
                               best_kernels(), l.packs()),
        {in.slot, residual}, {out.slot, means});
  return true;
}

bool lower_winograd(Lowering& l, const Node& node, const ConvolutionArguments& c, int tile) {
  const NodeArguments a(node);
  const Tensor weight = constant_of(l.graph(), a.value("weight")).contiguous();
  const FoldedWeights folded = folded_weights(l.graph(), node);
  const Laid in = l.image(a.value("input"));
  engine::Fusion fusion{folded.scale_data(), folded.bias_data(), false, 0, activation_behind(node)};
  Slot residual;
  const ValueId added = a.value("residual");
  if (added != no_value) {
    const Laid laid = l.image(added);
    fusion.residual = true, fusion.residual_pitch = laid.image.pitch, residual = laid.slot;
  }
  const bool separate = added == no_value || l.shares(added, a.value("input"));
  const Laid out = l.result_image(node.outputs[0], separate ? no_value : added);
  l.add(node,
        engine::make_winograd(tile == 2 ? engine::WinogradTile::f23 : engine::WinogradTile::f43, in.image,
                              out.image, c.pad[1], c.pad[2], weight.data<float>(), fusion, best_kernels(),
                              l.packs()),
        {in.slot, residual}, {out.slot});
  return true;
}

bool lower_pool(Lowering& l, const Node& node) {
  const NodeArguments a(node);
  const bool max = node.op == "aten.max_pool2d.default", avg = node.op == "aten.avg_pool2d.default",
             adaptive = node.op == "aten.adaptive_avg_pool2d.default",
             adaptive_max = node.op == "aten.adaptive_max_pool2d.default";
  if (!max && !avg && !adaptive && !adaptive_max) return false;
  const ValueId x = a.value("self"), y = node.outputs[0];
  if (!is_image(l, x) || constant_of(l.graph(), x).defined()) return false;
  if (adaptive_max && (!l.uses().readers(node.outputs[1]).empty() || l.uses().is_output(node.outputs[1])))
    return false;
  const Laid in = l.image(x), out = l.new_image(y);
  std::unique_ptr<engine::Operator> op;
  if (max)
    op = engine::make_max_pool(in.image, out.image, window_of(a), best_kernels());
  else if (avg)
    op = engine::make_avg_pool(in.image, out.image, window_of(a), a.flag("count_include_pad"),
                               a.is_none("divisor_override") ? 0 : a.integer("divisor_override"),
                               best_kernels());
  else if (adaptive)
    op = engine::make_adaptive_avg_pool(in.image, out.image, best_kernels());
  else
    op = engine::make_adaptive_max_pool(in.image, out.image, best_kernels());
  l.add(node, std::move(op), {in.slot}, {out.slot});
  return true;
}

// mean over all pixels of an image, or over the tokens of [N, T, C].
bool lower_mean(Lowering& l, const Node& node) {
  if (node.op != "aten.mean.dim") return false;
  const NodeArguments a(node);
  const ValueId x = a.value("self"), y = node.outputs[0];
  if (!l.is_f32(x) || !l.is_f32(y) || constant_of(l.graph(), x).defined()) return false;
  const Shape& s = l.shape(x);
  std::vector<int64_t> dims = a.ints("dim");
  for (int64_t& d : dims) d = s.wrap(d);
  std::sort(dims.begin(), dims.end());
  Laid in;
  if (s.dim() == 4 && dims == std::vector<int64_t>{2, 3}) {
    in = l.image(x);
  } else if (s.dim() == 3 && dims == std::vector<int64_t>{1}) {
    in = l.rows(x);
    in.image.n = s[0], in.image.w = s[1];
  } else {
    return false;
  }
  Laid out = a.flag("keepdim") && s.dim() == 4 ? l.new_image(y) : l.new_rows(y);
  out.image.n = s[0], out.image.h = out.image.w = 1;
  l.add(node, engine::make_adaptive_avg_pool(in.image, out.image, best_kernels()), {in.slot}, {out.slot});
  return true;
}

bool lower_upsample(Lowering& l, const Node& node) {
  Resampling mode = Resampling::nearest;
  if (node.op == "aten._upsample_nearest_exact2d.vec")
    mode = Resampling::nearest_exact;
  else if (node.op == "aten.upsample_bilinear2d.vec")
    mode = Resampling::bilinear;
  else if (node.op != "aten.upsample_nearest2d.vec")
    return false;
  const NodeArguments a(node);
  const ValueId x = a.value("input");
  if (!is_image(l, x) || constant_of(l.graph(), x).defined()) return false;
  const std::vector<double> factors = a.doubles("scale_factors");
  std::array<double, 2> given{0, 0};
  if (!factors.empty()) given = {factors[0], factors.back()};
  const Laid in = l.image(x), out = l.new_image(node.outputs[0]);
  l.add(node,
        engine::make_upsample(in.image, out.image, mode, a.flag_or("align_corners", false), given,
                              best_kernels()),
        {in.slot}, {out.slot});
  return true;
}

// A batch norm that was not folded. Of images; rows [N, C] are images of one pixel.
bool lower_batch_norm(Lowering& l, const Node& node) {
  if (node.op != "aten.batch_norm.default") return false;
  const NodeArguments a(node);
  const ValueId x = a.value("input"), y = node.outputs[0];
  const auto affine = batch_norm_affine(l.graph(), node);
  const int64_t rank = l.shape(x).dim();
  if (!affine || rank < 2 || rank > 5 || constant_of(l.graph(), x).defined()) return false;
  const Laid in = rank == 2 ? l.rows(x) : l.image(x);
  const Laid out = rank == 2 ? l.result_rows(y, x) : l.result_image(y, x);
  const engine::Fusion fusion{affine->scale.data(), affine->shift.data(), false, 0, activation_behind(node)};
  l.add(node, engine::make_channel_affine(in.image, out.image, fusion, best_kernels(), l.packs()), {in.slot},
        {out.slot});
  return true;
}

// x * [N, C, 1, 1].
bool lower_gate(Lowering& l, const Node& node) {
  if (node.op != "aten.mul.Tensor") return false;
  const NodeArguments a(node);
  ValueId x = a.value("self"), gate = a.value("other");
  const ValueId y = node.outputs[0];
  if (!is_image(l, y)) return false;
  const Shape wanted{l.shape(y)[0], l.shape(y)[1], 1, 1};
  if (l.shape(x) == wanted) std::swap(x, gate);
  if (!is_image(l, x) || !l.is_f32(gate) || l.shape(x) != l.shape(y) || l.shape(gate) != wanted ||
      l.shape(x) == wanted || constant_of(l.graph(), x).defined() || l.shares(x, gate))
    return false;
  const Laid in = l.image(x), factors = l.image(gate), out = l.result_image(y, x);
  engine::Fusion fusion;
  fusion.activation = activation_behind(node);
  l.add(node, engine::make_scale_channels(in.image, factors.image.pitch, out.image, fusion, best_kernels()),
        {in.slot, factors.slot, {}}, {out.slot});
  return true;
}

}  // namespace

bool lower_winograd_or_depthwise(Lowering& l, const Node& node) {
  if (!is_convolution(node) || !has_weights(l.graph(), node) || l.shape(node.outputs[0]).dim() != 4)
    return false;
  const NodeArguments a(node);
  if (constant_of(l.graph(), a.value("input")).defined() || !a.is_none("pre_scale") || !a.is_none("gate"))
    return false;
  const ConvolutionArguments c = convolution_arguments(l.graph(), node);
  const Shape& weight = l.shape(a.value("weight"));
  if (c.groups > 1 && c.groups == weight[0] && weight[1] == 1) return lower_depthwise(l, node, c);
  const int tile = l.winograd_tile(l.node_index());
  return tile != 0 && lower_winograd(l, node, c, tile);
}

bool lower_vision(Lowering& l, const Node& node) {
  return lower_pool(l, node) || lower_mean(l, node) || lower_upsample(l, node) || lower_batch_norm(l, node) ||
         lower_gate(l, node);
}

std::unique_ptr<engine::Operator> make_move(const Lowering& l, const Place& from, const Place& to) {
  if (from.is_constant() || from.view.dtype() != DType::f32 || from.view.dim() < 3 || from.view.dim() > 4)
    return nullptr;
  const bool dense_from = from.view.is_contiguous(), dense_to = to.view.is_contiguous();
  const auto pixels_from = l.pixels_of(from), pixels_to = l.pixels_of(to);
  if (pixels_from && pixels_to)
    return engine::make_copy(pixels_from->image, pixels_to->image, best_kernels());
  if (dense_from && pixels_to) return engine::make_planes_to_image(pixels_to->image, best_kernels());
  if (pixels_from && dense_to) return engine::make_image_to_planes(pixels_from->image, best_kernels());
  return nullptr;
}

std::vector<int> choose_winograd(const Graph& graph, const PrepareOptions& options) {
  std::vector<int> tiles(graph.nodes.size(), 0);
  if (!options.winograd || options.precision != Precision::f32) return tiles;
  struct Choice {
    size_t node;
    int tile;
    double gain, bytes;  // multiply-adds saved; bytes beside those of the plain weights
  };
  std::vector<Choice> choices;
  double raw = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (!has_weights(graph, node)) continue;
    const NodeArguments a(node);
    const Shape &weight = shape_of(graph, a.value("weight")), &x = shape_of(graph, a.value("input")),
                &y = shape_of(graph, node.outputs[0]);
    const double own = 4.0 * static_cast<double>(weight.numel());
    raw += own;
    if (!is_convolution(node) || weight.dim() != 4 || node.find("pre_scale") || node.find("gate")) continue;
    const ConvolutionArguments c = convolution_arguments(graph, node);
    const bool fits = c.kernel[1] == 3 && c.kernel[2] == 3 && c.stride[1] == 1 && c.stride[2] == 1 &&
                      c.dilation[1] == 1 && c.dilation[2] == 1 && c.groups == 1;
    if (!fits) continue;
    const engine::Image in{x[0], x[2], x[3], x[1], x[1]}, out{y[0], y[2], y[3], y[1], y[1]};
    const double direct = engine::direct_cost(in, out);
    for (const int tile : {2, 4}) {
      const auto kind = tile == 2 ? engine::WinogradTile::f23 : engine::WinogradTile::f43;
      const double gain = direct - engine::winograd_cost(kind, in, out);
      const double bytes =
          4.0 * static_cast<double>(engine::winograd_pack_floats(kind, x[1], y[1], best_kernels())) - own;
      if (gain > 0) choices.push_back({n, tile, gain, bytes});
    }
  }
  // The most gain for its bytes first; a better tile may take the place of a smaller one.
  std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
    return a.gain * std::max(b.bytes, 1.0) > b.gain * std::max(a.bytes, 1.0);
  });
  const double allowed = std::max(options.max_pack_ratio - 1, 0.0) * raw;
  std::vector<Choice> taken(graph.nodes.size(), {0, 0, 0, 0});
  double used = 0;
  for (const Choice& choice : choices) {
    Choice& now = taken[choice.node];
    if (choice.gain <= now.gain || used - now.bytes + choice.bytes > allowed) continue;
    used += choice.bytes - now.bytes;
    now = choice;
    tiles[choice.node] = choice.tile;
  }
  return tiles;
}

}  // namespace sconce::plan
