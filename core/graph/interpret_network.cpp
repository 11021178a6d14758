// The interpreter's table of products, convolutions, normalisation, pooling, attention and recurrence.
#include <sconce/ops.h>

#include "graph/interpret_call.h"

namespace sconce::interpreter {
namespace {

ConvPadding padding_of(const Call& c) {
  if (std::holds_alternative<std::string>(*c.node().find("padding"))) return c.text("padding");
  return c.ints("padding");
}

using Convolution = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const Sizes&, const ConvPadding&,
                               const Sizes&, int64_t);
template <Convolution f>
Results convolution(const Call& c) {
  return {f(c.tensor("input"), c.tensor("weight"), c.tensor("bias"), c.ints("stride"), padding_of(c),
            c.ints("dilation"), c.integer("groups"))};
}

using Transposed = Tensor (*)(const Tensor&, const Tensor&, const Tensor&, const Sizes&, const Sizes&,
                              const Sizes&, int64_t, const Sizes&);
template <Transposed f>
Results transposed(const Call& c) {
  return {f(c.tensor("input"), c.tensor("weight"), c.tensor("bias"), c.ints("stride"), c.ints("padding"),
            c.ints("output_padding"), c.integer("groups"), c.ints("dilation"))};
}

Results batch_normed(const Call& c) {
  return {batch_norm(c.tensor("input"), c.tensor("running_mean"), c.tensor("running_var"), c.tensor("weight"),
                     c.tensor("bias"), c.flag("training"), c.number("momentum"), c.number("eps"))};
}

Results attention(const Call& c) {
  AttentionOptions options;
  options.attn_mask = c.tensor("attn_mask");
  options.dropout_p = c.number("dropout_p");
  options.is_causal = c.flag("is_causal");
  if (!c.is_none("scale")) options.scale = c.number("scale");
  options.enable_gqa = c.flag("enable_gqa");
  return {scaled_dot_product_attention(c.tensor("query"), c.tensor("key"), c.tensor("value"), options)};
}

RecurrentOptions recurrent_options(const Call& c) {
  return {c.flag("has_biases"), c.integer("num_layers"), c.flag("bidirectional"), c.flag("batch_first")};
}

template <const char* mode>
Results upsample(const Call& c) {
  InterpolateOptions options;
  options.mode = mode;
  options.size = c.ints("output_size");
  options.scale_factor = c.doubles("scale_factors");
  if (!c.is_none("align_corners")) options.align_corners = c.flag("align_corners");
  return {interpolate(c.tensor("input"), options)};
}
constexpr char nearest[] = "nearest", nearest_exact[] = "nearest-exact", linear_mode[] = "linear",
               bilinear[] = "bilinear";

Results antialiased(const Call& c) {
  InterpolateOptions options;
  options.mode = bilinear;
  options.antialias = true;
  options.size = c.ints("output_size");
  options.scale_factor = c.doubles("scale_factors");
  options.align_corners = c.flag("align_corners");
  return {interpolate(c.tensor("input"), options)};
}

Results max_pooled(const Call& c, bool with_indices) {
  const auto k = c.ints("kernel_size"), s = c.ints("stride"), p = c.ints("padding"), d = c.ints("dilation");
  if (!with_indices) return {max_pool2d(c.self(), k, s, p, d, c.flag("ceil_mode"))};
  auto both = max_pool2d_with_indices(c.self(), k, s, p, d, c.flag("ceil_mode"));
  return {both.first, both.second};
}

}  // namespace

std::span<const Entry> network_entries() {
  static constexpr Entry entries[] = {
      {"aten.linear.default",
       [](const Call& c) -> Results {
         return {linear(c.tensor("input"), c.tensor("weight"), c.tensor("bias"))};
       }},
      {"aten.matmul.default", [](const Call& c) -> Results { return {matmul(c.self(), c.other())}; }},
      {"aten.dot.default", [](const Call& c) -> Results { return {dot(c.self(), c.tensor("tensor"))}; }},
      {"aten.mv.default", [](const Call& c) -> Results { return {mv(c.self(), c.tensor("vec"))}; }},
      {"aten.mm.default", [](const Call& c) -> Results { return {mm(c.self(), c.tensor("mat2"))}; }},
      {"aten.bmm.default", [](const Call& c) -> Results { return {bmm(c.self(), c.tensor("mat2"))}; }},
      {"aten.addmm.default",
       [](const Call& c) -> Results {
         return {addmm(c.self(), c.tensor("mat1"), c.tensor("mat2"), c.scalar("beta"), c.scalar("alpha"))};
       }},
      {"aten.baddbmm.default",
       [](const Call& c) -> Results {
         return {
             baddbmm(c.self(), c.tensor("batch1"), c.tensor("batch2"), c.scalar("beta"), c.scalar("alpha"))};
       }},
      {"aten.conv1d.default", convolution<conv1d>},
      {"aten.conv1d.padding", convolution<conv1d>},
      {"aten.conv2d.default", convolution<conv2d>},
      {"aten.conv2d.padding", convolution<conv2d>},
      {"aten.conv3d.default", convolution<conv3d>},
      {"aten.conv3d.padding", convolution<conv3d>},
      {"aten.conv_transpose1d.default", transposed<conv_transpose1d>},
      {"aten.conv_transpose2d.input", transposed<conv_transpose2d>},
      {"aten.batch_norm.default", batch_normed},
      {"aten.layer_norm.default",
       [](const Call& c) -> Results {
         return {layer_norm(c.tensor("input"), c.ints("normalized_shape"), c.tensor("weight"),
                            c.tensor("bias"), c.number("eps"))};
       }},
      {"aten.rms_norm.default",
       [](const Call& c) -> Results {
         std::optional<double> eps;
         if (!c.is_none("eps")) eps = c.number("eps");
         return {rms_norm(c.tensor("input"), c.ints("normalized_shape"), c.tensor("weight"), eps)};
       }},
      {"aten.group_norm.default",
       [](const Call& c) -> Results {
         return {group_norm(c.tensor("input"), c.integer("num_groups"), c.tensor("weight"), c.tensor("bias"),
                            c.number("eps"))};
       }},
      {"aten.scaled_dot_product_attention.default", attention},
      {"aten.lstm.input",
       [](const Call& c) -> Results {
         const LstmResult r =
             lstm(c.tensor("input"), c.tensors("hx"), c.tensors("params"), recurrent_options(c));
         return {r.output, r.h_n, r.c_n};
       }},
      {"aten.gru.input",
       [](const Call& c) -> Results {
         const std::vector<Tensor> hx = std::holds_alternative<ValueId>(*c.node().find("hx"))
                                            ? Results{c.tensor("hx")}
                                            : c.tensors("hx");
         const GruResult r = gru(c.tensor("input"), hx.at(0), c.tensors("params"), recurrent_options(c));
         return {r.output, r.h_n};
       }},
      {"aten.max_pool2d.default", [](const Call& c) -> Results { return max_pooled(c, false); }},
      {"aten.max_pool2d_with_indices.default", [](const Call& c) -> Results { return max_pooled(c, true); }},
      {"aten.avg_pool2d.default",
       [](const Call& c) -> Results {
         std::optional<int64_t> divisor;
         if (!c.is_none("divisor_override")) divisor = c.integer("divisor_override");
         return {avg_pool2d(c.self(), c.ints("kernel_size"), c.ints("stride"), c.ints("padding"),
                            c.flag("ceil_mode"), c.flag("count_include_pad"), divisor)};
       }},
      {"aten.adaptive_avg_pool2d.default",
       [](const Call& c) -> Results { return {adaptive_avg_pool2d(c.self(), c.ints("output_size"))}; }},
      {"aten.adaptive_max_pool2d.default",
       [](const Call& c) -> Results {
         auto both = adaptive_max_pool2d_with_indices(c.self(), c.ints("output_size"));
         return {both.first, both.second};
       }},
      {"aten.upsample_nearest1d.vec", upsample<nearest>},
      {"aten.upsample_nearest2d.vec", upsample<nearest>},
      {"aten._upsample_nearest_exact1d.vec", upsample<nearest_exact>},
      {"aten._upsample_nearest_exact2d.vec", upsample<nearest_exact>},
      {"aten.upsample_linear1d.vec", upsample<linear_mode>},
      {"aten.upsample_bilinear2d.vec", upsample<bilinear>},
      {"aten._upsample_bilinear2d_aa.vec", antialiased},
  };
  return entries;
}

}  // namespace sconce::interpreter
