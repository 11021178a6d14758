#include "graph/passes/fused.h"

#include <sconce/error.h>
#include <sconce/ops.h>

#include "graph/node_arguments.h"

namespace sconce {
namespace {

// [C] so that it broadcasts along the channels of x.
Tensor by_channel(const Tensor& values, const Tensor& x, bool last) {
  if (last) return values;
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = values.numel();
  return values.reshape(shape);
}

}  // namespace

bool has_prologue(const Node& node) {
  return node.find("pre_scale") || node.find("pre_activation") || node.find("gate");
}

bool is_fused(const Node& node) {
  return has_prologue(node) || node.find("residual") || node.find("activation");
}

ValueId main_input(const Node& node) {
  const NodeArguments a(node);
  return a.value(node.find("input") ? "input" : "self");
}

Tensor run_prologue(const Node& node, const std::function<Tensor(ValueId)>& tensor_of) {
  const NodeArguments a(node);
  const bool last = node.op.starts_with("aten.linear");
  Tensor x = tensor_of(main_input(node));
  if (!a.is_none("pre_scale")) {
    x = x * by_channel(tensor_of(a.value("pre_scale")), x, last);
    x = x + by_channel(tensor_of(a.value("pre_shift")), x, last);
  }
  if (!a.is_none("pre_activation")) x = apply_activation(a.text("pre_activation"), x);
  if (!a.is_none("gate")) x = x * tensor_of(a.value("gate"));
  return x;
}

Tensor run_epilogue(const Node& node, const Tensor& result,
                    const std::function<Tensor(ValueId)>& tensor_of) {
  const NodeArguments a(node);
  Tensor y = result;
  if (!a.is_none("residual")) y = y + tensor_of(a.value("residual"));
  if (!a.is_none("activation")) y = apply_activation(a.text("activation"), y);
  return y;
}

std::string activation_of(const Node& node) {
  if (!node.op.starts_with("aten.") || !node.op.ends_with(".default")) return {};
  const std::string name = node.op.substr(5, node.op.size() - 13);
  const NodeArguments a(node);
  if (name == "relu_") return "relu";
  if (name == "gelu") return a.text("approximate") == "tanh" ? "gelu_tanh" : "gelu";
  if (name == "hardtanh")
    return a.number("min_val") == 0 && a.number("max_val") == 6 ? std::string("relu6") : std::string();
  for (const char* known : {"relu", "relu6", "hardswish", "hardsigmoid", "silu", "sigmoid", "tanh"})
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
  if (name == "gelu") return gelu(x);
  if (name == "gelu_tanh") return gelu(x, "tanh");
  fail(ErrorKind::unsupported, "[prepare] the activation ", name, " is not known");
}

}  // namespace sconce
