#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {

std::optional<isa::Activation> activation_named(const std::string& name) {
  using A = isa::Activation;
  constexpr std::pair<const char*, A> known[] = {{"relu", A::relu},           {"relu6", A::relu6},
                                                 {"hardswish", A::hardswish}, {"hardsigmoid", A::hardsigmoid},
                                                 {"silu", A::silu},           {"sigmoid", A::sigmoid},
                                                 {"tanh", A::tanh},           {"gelu", A::gelu},
                                                 {"gelu_tanh", A::gelu_tanh}, {"mish", A::mish}};
  for (const auto& [text, activation] : known)
    if (name == text) return activation;
  return std::nullopt;
}

isa::Activation activation_behind(const Node& node) {
  const NodeArguments a(node);
  if (a.is_none("activation")) return isa::Activation::none;
  return activation_named(a.text("activation")).value();
}

isa::Stored stored_of(Precision precision) {
  switch (precision) {
    case Precision::f32: break;
    case Precision::bf16: return isa::Stored::bf16;
    case Precision::f16: return isa::Stored::f16;
    case Precision::int8: return isa::Stored::i8;
  }
  return isa::Stored::f32;
}

ConvolutionArguments convolution_arguments(const Graph& graph, const Node& node) {
  const NodeArguments a(node);
  const Shape& weight = shape_of(graph, a.value("weight"));
  ConvolutionArguments c;
  const auto dims = static_cast<size_t>(weight.dim()) - 2, first = 3 - dims;
  const std::vector<int64_t> stride = a.ints("stride"), dilation = a.ints("dilation");
  const auto* mode = std::get_if<std::string>(node.find("padding"));
  const std::vector<int64_t> padding = mode ? std::vector<int64_t>(dims, 0) : a.ints("padding");
  for (size_t d = 0; d < dims; ++d) {
    c.kernel[first + d] = weight[static_cast<int64_t>(d) + 2];
    c.stride[first + d] = stride[stride.size() == 1 ? 0 : d];
    c.dilation[first + d] = dilation[dilation.size() == 1 ? 0 : d];
    c.pad[first + d] = padding[padding.size() == 1 ? 0 : d];
    if (mode && *mode == "same") c.pad[first + d] = c.dilation[first + d] * (c.kernel[first + d] - 1) / 2;
  }
  c.groups = a.integer("groups");
  c.transposed = is_transposed_convolution(node);
  return c;
}

FoldedWeights folded_weights(const Graph& graph, const Node& node) {
  const NodeArguments a(node);
  FoldedWeights f;
  if (!a.is_none("weight_scale")) f.scale = doubles_of(constant_of(graph, a.value("weight_scale")));
  if (!a.is_none("bias")) f.bias = doubles_of(constant_of(graph, a.value("bias")));
  return f;
}

}  // namespace sconce::plan
