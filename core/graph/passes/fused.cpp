#include "graph/passes/fused.h"

#include <sconce/error.h>
#include <sconce/ops.h>

#include "graph/node_arguments.h"
#include "graph/uses.h"

namespace sconce {
namespace {

// [C] so that it broadcasts along a dimension of x.
Tensor along(const Tensor& values, const Tensor& x, int64_t d) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(x.shape().wrap(d))] = values.numel();
  return values.to(x.dtype()).reshape(shape);
}

// The weight times its scale, rounded once. A transposed convolution has its channels in groups, in dimension 1.
Tensor scaled_weight(const Node& node, const Tensor& weight, const Tensor& scale) {
  const Tensor w = weight.to(DType::f64);
  if (!is_transposed_convolution(node)) return (w * along(scale, w, 0)).to(weight.dtype());
  const int64_t groups = NodeArguments(node).integer("groups");
  std::vector<int64_t> split = w.shape().extents(), factors(w.shape().extents().size() + 1, 1);
  split[0] /= groups;
  split.insert(split.begin(), groups);
  factors[0] = groups, factors[2] = scale.numel() / groups;
  return (w.reshape(split) * scale.reshape(factors)).reshape(w.shape().extents()).to(weight.dtype());
}

Tensor with_prologue(const Node& node, Tensor x, const std::function<Tensor(ValueId)>& tensor_of) {
  const NodeArguments a(node);
  const int64_t channels = is_linear(node) ? -1 : 1;
  if (!a.is_none("pre_scale"))
    x = x * along(tensor_of(a.value("pre_scale")), x, channels) +
        along(tensor_of(a.value("pre_shift")), x, channels);
  if (!a.is_none("pre_activation")) x = apply_activation(a.text("pre_activation"), x);
  if (!a.is_none("gate")) x = x * tensor_of(a.value("gate"));
  return x;
}

constexpr std::string_view added[] = {"weight_scale", "pre_scale", "pre_activation",
                                      "gate",         "residual",  "activation"};

}  // namespace

bool is_fused(const Node& node) {
  for (std::string_view name : added)
    if (node.find(name)) return true;
  return false;
}

std::vector<Tensor> interpret_fused(
    const Node& node, const std::function<Tensor(ValueId)>& tensor_of,
    const std::function<std::vector<Tensor>(const Node&, const std::function<Tensor(ValueId)>&)>& run) {
  const NodeArguments a(node);
  const ValueId input = a.value("input"), weight = a.value("weight"), bias = a.value("bias");
  const bool weighted = weight != no_value;
  const Tensor x = weighted ? with_prologue(node, tensor_of(input), tensor_of) : Tensor();
  const std::function<Tensor(ValueId)> changed = [&](ValueId id) {
    const Tensor t = id == input && weighted ? x : tensor_of(id);
    if (weighted && id == weight && !a.is_none("weight_scale"))
      return scaled_weight(node, t, tensor_of(a.value("weight_scale")));
    return weighted && id == bias ? t.to(x.dtype()) : t;
  };
  std::vector<Tensor> results = run(node, changed);
  if (!a.is_none("residual")) results[0] = results[0] + tensor_of(a.value("residual"));
  if (!a.is_none("activation")) results[0] = apply_activation(a.text("activation"), results[0]);
  return results;
}

bool is_convolution(const Node& node) {
  return node.op.starts_with("aten.conv1d.") || node.op.starts_with("aten.conv2d.") ||
         node.op.starts_with("aten.conv3d.");
}

bool is_transposed_convolution(const Node& node) { return node.op.starts_with("aten.conv_transpose"); }

bool is_linear(const Node& node) { return node.op == "aten.linear.default"; }

bool has_weights(const Graph& graph, const Node& node) {
  if (!is_convolution(node) && !is_transposed_convolution(node) && !is_linear(node)) return false;
  const NodeArguments a(node);
  const Tensor &weight = constant_of(graph, a.value("weight")), &bias = constant_of(graph, a.value("bias"));
  if (!weight.defined() || weight.dtype() != DType::f32 || weight.dim() < 2) return false;
  if (shape_of(graph, node.outputs[0]).numel() == 0 || shape_of(graph, a.value("input")).numel() == 0)
    return false;
  // A convolution without a batch dimension has its channels elsewhere.
  if (!is_linear(node) && shape_of(graph, node.outputs[0]).dim() != weight.dim()) return false;
  return a.is_none("bias") || (bias.defined() && bias.dim() == 1);
}

int64_t out_channels(const Graph& graph, const Node& node) {
  return shape_of(graph, node.outputs[0])[is_linear(node) ? -1 : 1];
}

bool is_pointwise(const Graph& graph, const Node& node) {
  if (node.op != "aten.conv2d.default" || !has_weights(graph, node)) return false;
  const NodeArguments a(node);
  const Tensor& weight = constant_of(graph, a.value("weight"));
  const std::vector<int64_t> one{1, 1}, none{0, 0};
  return weight.size(2) == 1 && weight.size(3) == 1 && a.ints("stride") == one && a.ints("padding") == none &&
         a.integer("groups") == 1;
}

std::string activation_of(const Node& node) {
  if (!node.op.starts_with("aten.") || !node.op.ends_with(".default")) return {};
  const std::string name = node.op.substr(5, node.op.size() - 13);
  const NodeArguments a(node);
  if (name == "gelu") return a.text("approximate") == "tanh" ? "gelu_tanh" : "gelu";
  if (name == "hardtanh")
    return a.number("min_val") == 0 && a.number("max_val") == 6 ? std::string("relu6") : std::string();
  for (const char* known : {"relu", "relu6", "hardswish", "hardsigmoid", "silu", "sigmoid", "tanh", "mish"})
    if (name == known) return name;
  return {};
}

Tensor apply_activation(const std::string& name, const Tensor& x) {
  if (name == "relu") return relu(x);
  if (name == "relu6") return relu6(x);
  if (name == "hardswish") return hardswish(x);
  if (name == "hardsigmoid") return hardsigmoid(x);
  if (name == "silu") return silu(x);
  if (name == "sigmoid") return sigmoid(x);
  if (name == "tanh") return tanh(x);
  if (name == "mish") return mish(x);
  if (name == "gelu") return gelu(x);
  if (name == "gelu_tanh") return gelu(x, "tanh");
  fail(ErrorKind::unsupported, "[prepare] the activation ", name, " is not known");
}

std::vector<double> doubles_of(const Tensor& constant) {
  const Tensor t = constant.to(DType::f64).contiguous();
  const double* data = t.data<double>();
  return {data, data + t.numel()};
}

Tensor tensor_of_doubles(const std::vector<double>& values) {
  return tensor(values, {static_cast<int64_t>(values.size())});
}

void scale_weights(Graph& graph, Node& node, const std::vector<double>& scale,
                   const std::vector<double>& shift) {
  const NodeArguments a(node);
  const size_t n = scale.size();
  std::vector<double> factor(n, 1.0), bias(n, 0.0);
  if (!a.is_none("weight_scale")) factor = doubles_of(constant_of(graph, a.value("weight_scale")));
  if (!a.is_none("bias")) bias = doubles_of(constant_of(graph, a.value("bias")));
  for (size_t c = 0; c < n; ++c) {
    factor[c] *= scale[c];
    bias[c] = bias[c] * scale[c] + (shift.empty() ? 0.0 : shift[c]);
  }
  set_argument(node, "weight_scale", add_constant(graph, tensor_of_doubles(factor)));
  set_argument(node, "bias", add_constant(graph, tensor_of_doubles(bias)));
}

}  // namespace sconce
