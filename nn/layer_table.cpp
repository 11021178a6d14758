#include "layer_table.h"

#include <sconce/nn/activation.h>
#include <sconce/nn/attention.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/embedding.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/pad.h>
#include <sconce/nn/pool.h>
#include <sconce/nn/recurrent.h>

#include "call_arguments.h"

namespace sconce::nn {
namespace {

template <class M>
std::unique_ptr<Module> boxed(M module) {
  return std::make_unique<M>(std::move(module));
}

// A layer without arguments, one with `inplace`, one with `p` and `inplace`.
template <class M>
std::unique_ptr<Module> plain(const CallArguments&) {
  return std::make_unique<M>();
}
template <class M>
std::unique_ptr<Module> inplace(const CallArguments& a) {
  return boxed(M(a.flag("inplace", false)));
}
template <class M>
std::unique_ptr<Module> dropout(const CallArguments& a) {
  return boxed(M(a.number("p", 0.5), a.flag("inplace", false)));
}
template <class M>
std::unique_ptr<Module> along_dim(const CallArguments& a) {
  return a.given("dim") ? boxed(M(a.integer("dim"))) : boxed(M());
}
template <class M>
std::unique_ptr<Module> image_pad(const CallArguments& a) {
  return boxed(M(a.image_padding("padding")));
}

template <class M>
std::unique_ptr<Module> batch_norm_layer(const CallArguments& a) {
  BatchNormOptions o{.eps = a.number("eps", 1e-5),
                     .affine = a.flag("affine", true),
                     .track_running_stats = a.flag("track_running_stats", true),
                     .bias = a.flag("bias", true)};
  if (a.none("momentum"))
    o.momentum.reset();
  else
    o.momentum = a.number("momentum", 0.1);
  return boxed(M(a.integer("num_features"), o));
}

RecurrentLayerOptions recurrent_options(const CallArguments& a, bool projects = true) {
  return {.num_layers = a.integer("num_layers", 1),
          .bias = a.flag("bias", true),
          .batch_first = a.flag("batch_first", false),
          .dropout = a.number("dropout", 0.0),
          .bidirectional = a.flag("bidirectional", false),
          .proj_size = projects ? a.integer("proj_size", 0) : 0};
}

struct Constructor {
  const char* name;
  const char* signature;  // argument names, in PyTorch's order
  std::unique_ptr<Module> (*make)(const CallArguments&);
};

const Constructor constructors[] = {
    {"Linear", "in_features out_features bias",
     [](const CallArguments& a) {
       return boxed(
           Linear(a.integer("in_features"), a.integer("out_features"), {.bias = a.flag("bias", true)}));
     }},
    {"Conv2d", "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode",
     [](const CallArguments& a) {
       return boxed(Conv2d(a.integer("in_channels"), a.integer("out_channels"), a.pair("kernel_size"),
                           {.stride = a.pair("stride", 1),
                            .padding = a.padding("padding"),
                            .dilation = a.pair("dilation", 1),
                            .groups = a.integer("groups", 1),
                            .bias = a.flag("bias", true),
                            .padding_mode = a.padding_mode()}));
     }},
    {"Conv1d", "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode",
     [](const CallArguments& a) {
       return boxed(Conv1d(a.integer("in_channels"), a.integer("out_channels"), a.integer("kernel_size"),
                           {.stride = a.integer("stride", 1),
                            .padding = a.padding("padding"),
                            .dilation = a.integer("dilation", 1),
                            .groups = a.integer("groups", 1),
                            .bias = a.flag("bias", true),
                            .padding_mode = a.padding_mode()}));
     }},
    {"BatchNorm1d", "num_features eps momentum affine track_running_stats bias",
     batch_norm_layer<BatchNorm1d>},
    {"BatchNorm2d", "num_features eps momentum affine track_running_stats bias",
     batch_norm_layer<BatchNorm2d>},
    {"LayerNorm", "normalized_shape eps elementwise_affine bias",
     [](const CallArguments& a) {
       return boxed(LayerNorm(a.integers("normalized_shape"),
                              {.eps = a.number("eps", 1e-5),
                               .elementwise_affine = a.flag("elementwise_affine", true),
                               .bias = a.flag("bias", true)}));
     }},
    {"GroupNorm", "num_groups num_channels eps affine bias",
     [](const CallArguments& a) {
       return boxed(GroupNorm(
           a.integer("num_groups"), a.integer("num_channels"),
           {.eps = a.number("eps", 1e-5), .affine = a.flag("affine", true), .bias = a.flag("bias", true)}));
     }},
    {"MaxPool2d", "kernel_size stride padding dilation return_indices ceil_mode",
     [](const CallArguments& a) {
       check(!a.flag("return_indices", false),
             "[module_from] MaxPool2d with return_indices gives two results, which a Sequential cannot take");
       return boxed(MaxPool2d(a.pair("kernel_size"), {.stride = a.pair("stride", {}),
                                                      .padding = a.pair("padding", 0),
                                                      .dilation = a.pair("dilation", 1),
                                                      .ceil_mode = a.flag("ceil_mode", false)}));
     }},
    {"AvgPool2d", "kernel_size stride padding ceil_mode count_include_pad divisor_override",
     [](const CallArguments& a) {
       AvgPool2dOptions o{.stride = a.pair("stride", {}),
                          .padding = a.pair("padding", 0),
                          .ceil_mode = a.flag("ceil_mode", false),
                          .count_include_pad = a.flag("count_include_pad", true)};
       if (a.given("divisor_override")) o.divisor_override = a.integer("divisor_override");
       return boxed(AvgPool2d(a.pair("kernel_size"), o));
     }},
    {"AdaptiveAvgPool2d", "output_size",
     [](const CallArguments& a) { return boxed(AdaptiveAvgPool2d(a.open_pair("output_size"))); }},
    {"AdaptiveMaxPool2d", "output_size",
     [](const CallArguments& a) { return boxed(AdaptiveMaxPool2d(a.open_pair("output_size"))); }},
    {"Flatten", "start_dim end_dim",
     [](const CallArguments& a) {
       return boxed(Flatten(a.integer("start_dim", 1), a.integer("end_dim", -1)));
     }},
    {"Unflatten", "dim unflattened_size",
     [](const CallArguments& a) {
       return boxed(Unflatten(a.integer("dim"), a.integers("unflattened_size")));
     }},
    {"Identity", "", plain<Identity>},
    {"Dropout", "p inplace", dropout<Dropout>},
    {"Dropout1d", "p inplace", dropout<Dropout1d>},
    {"Dropout2d", "p inplace", dropout<Dropout2d>},
    {"AlphaDropout", "p inplace", dropout<AlphaDropout>},
    {"ReLU", "inplace", inplace<ReLU>},
    {"ReLU6", "inplace", inplace<ReLU6>},
    {"SiLU", "inplace", inplace<SiLU>},
    {"Hardswish", "inplace", inplace<Hardswish>},
    {"Hardsigmoid", "inplace", inplace<Hardsigmoid>},
    {"Mish", "inplace", inplace<Mish>},
    {"Sigmoid", "", plain<Sigmoid>},
    {"Tanh", "", plain<Tanh>},
    {"LogSigmoid", "", plain<LogSigmoid>},
    {"LeakyReLU", "negative_slope inplace",
     [](const CallArguments& a) {
       return boxed(LeakyReLU(a.number("negative_slope", 0.01), a.flag("inplace", false)));
     }},
    {"ELU", "alpha inplace",
     [](const CallArguments& a) { return boxed(ELU(a.number("alpha", 1.0), a.flag("inplace", false))); }},
    {"GELU", "approximate",
     [](const CallArguments& a) { return boxed(GELU(a.word("approximate", "none"))); }},
    {"Softplus", "beta threshold",
     [](const CallArguments& a) {
       return boxed(Softplus(a.number("beta", 1.0), a.number("threshold", 20.0)));
     }},
    {"Softmax", "dim", along_dim<Softmax>},
    {"LogSoftmax", "dim", along_dim<LogSoftmax>},
    {"ZeroPad2d", "padding", image_pad<ZeroPad2d>},
    {"ReflectionPad2d", "padding", image_pad<ReflectionPad2d>},
    {"ReplicationPad2d", "padding", image_pad<ReplicationPad2d>},
    {"ConstantPad2d", "padding value",
     [](const CallArguments& a) {
       return boxed(ConstantPad2d(a.image_padding("padding"), a.number("value", 0.0)));
     }},
    {"Upsample", "size scale_factor mode align_corners",
     [](const CallArguments& a) {
       UpsampleOptions o{.size = a.pair("size", {}), .mode = a.word("mode", "nearest")};
       if (a.given("scale_factor")) o.scale_factor = a.number("scale_factor", 0.0);
       if (a.given("align_corners")) o.align_corners = a.flag("align_corners", false);
       return boxed(Upsample(o));
     }},
    {"Conv3d", "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode",
     [](const CallArguments& a) {
       check(a.padding_mode() == PaddingMode::zeros, "[module_from] Conv3d expected padding_mode 'zeros'");
       return boxed(Conv3d(a.integer("in_channels"), a.integer("out_channels"), a.integers("kernel_size"),
                           {.stride = a.integers("stride", 1),
                            .padding = a.padding("padding"),
                            .dilation = a.integers("dilation", 1),
                            .groups = a.integer("groups", 1),
                            .bias = a.flag("bias", true)}));
     }},
    {"ConvTranspose2d",
     "in_channels out_channels kernel_size stride padding output_padding groups bias dilation padding_mode",
     [](const CallArguments& a) {
       check(a.padding_mode() == PaddingMode::zeros,
             "Only \"zeros\" padding mode is supported for ConvTranspose2d");
       return boxed(ConvTranspose2d(a.integer("in_channels"), a.integer("out_channels"),
                                    a.pair("kernel_size"),
                                    {.stride = a.pair("stride", 1),
                                     .padding = a.pair("padding", 0),
                                     .output_padding = a.pair("output_padding", 0),
                                     .groups = a.integer("groups", 1),
                                     .bias = a.flag("bias", true),
                                     .dilation = a.pair("dilation", 1)}));
     }},
    {"ConvTranspose1d",
     "in_channels out_channels kernel_size stride padding output_padding groups bias dilation padding_mode",
     [](const CallArguments& a) {
       check(a.padding_mode() == PaddingMode::zeros,
             "Only \"zeros\" padding mode is supported for ConvTranspose1d");
       return boxed(ConvTranspose1d(a.integer("in_channels"), a.integer("out_channels"),
                                    a.integer("kernel_size"),
                                    {.stride = a.integer("stride", 1),
                                     .padding = a.integer("padding", 0),
                                     .output_padding = a.integer("output_padding", 0),
                                     .groups = a.integer("groups", 1),
                                     .bias = a.flag("bias", true),
                                     .dilation = a.integer("dilation", 1)}));
     }},
    {"RMSNorm", "normalized_shape eps elementwise_affine",
     [](const CallArguments& a) {
       RMSNormOptions o{.elementwise_affine = a.flag("elementwise_affine", true)};
       if (a.given("eps")) o.eps = a.number("eps", 0);
       return boxed(RMSNorm(a.integers("normalized_shape"), o));
     }},
    {"Embedding", "num_embeddings embedding_dim padding_idx",
     [](const CallArguments& a) {
       EmbeddingOptions o;
       if (a.given("padding_idx")) o.padding_idx = a.integer("padding_idx");
       return boxed(Embedding(a.integer("num_embeddings"), a.integer("embedding_dim"), o));
     }},
    {"LSTM", "input_size hidden_size num_layers bias batch_first dropout bidirectional proj_size",
     [](const CallArguments& a) {
       return boxed(LSTM(a.integer("input_size"), a.integer("hidden_size"), recurrent_options(a)));
     }},
    {"GRU", "input_size hidden_size num_layers bias batch_first dropout bidirectional",
     [](const CallArguments& a) {
       return boxed(GRU(a.integer("input_size"), a.integer("hidden_size"), recurrent_options(a, false)));
     }},
    {"MultiheadAttention", "embed_dim num_heads dropout bias add_bias_kv add_zero_attn kdim vdim batch_first",
     [](const CallArguments& a) {
       check(!a.flag("add_bias_kv", false) && !a.flag("add_zero_attn", false) && !a.given("kdim") &&
                 !a.given("vdim"),
             "[module_from] MultiheadAttention is known without add_bias_kv, add_zero_attn, kdim and vdim");
       return boxed(
           MultiheadAttention(a.integer("embed_dim"), a.integer("num_heads"),
                              {.bias = a.flag("bias", true), .batch_first = a.flag("batch_first", false)}));
     }},
    {"TransformerEncoderLayer",
     "d_model nhead dim_feedforward dropout activation layer_norm_eps batch_first norm_first bias",
     [](const CallArguments& a) {
       return boxed(TransformerEncoderLayer(a.integer("d_model"), a.integer("nhead"),
                                            {.dim_feedforward = a.integer("dim_feedforward", 2048),
                                             .dropout = a.number("dropout", 0.1),
                                             .activation = a.word("activation", "relu"),
                                             .layer_norm_eps = a.number("layer_norm_eps", 1e-5),
                                             .batch_first = a.flag("batch_first", false),
                                             .norm_first = a.flag("norm_first", false),
                                             .bias = a.flag("bias", true)}));
     }},
};

}  // namespace

std::unique_ptr<Module> make_layer(const Expression& call) {
  for (const auto& c : constructors)
    if (call.call()->name == c.name) return c.make(CallArguments(call, c.signature));
  return nullptr;
}

std::string layer_names() {
  std::string names;
  for (const auto& c : constructors) names += std::string(names.empty() ? "" : ", ") + c.name;
  return names;
}

}  // namespace sconce::nn
