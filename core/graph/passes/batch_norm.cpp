#include "graph/passes/batch_norm.h"

#include <cmath>

#include "graph/node_arguments.h"
#include "graph/passes/fused.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {

std::optional<Affine> batch_norm_affine(const Graph& graph, const Node& node) {
  if (node.op != "aten.batch_norm.default") return std::nullopt;
  const NodeArguments a(node);
  const Tensor &mean = constant_of(graph, a.value("running_mean")),
               &var = constant_of(graph, a.value("running_var"));
  if (a.flag("training") || !mean.defined() || !var.defined()) return std::nullopt;
  if (graph.values[static_cast<size_t>(node.outputs[0])].dtype != DType::f32) return std::nullopt;
  for (const char* name : {"weight", "bias"})
    if (!a.is_none(name) && !constant_of(graph, a.value(name)).defined()) return std::nullopt;
  const std::vector<double> m = doubles_of(mean), v = doubles_of(var);
  std::vector<double> gamma(m.size(), 1.0), beta(m.size(), 0.0);
  if (!a.is_none("weight")) gamma = doubles_of(constant_of(graph, a.value("weight")));
  if (!a.is_none("bias")) beta = doubles_of(constant_of(graph, a.value("bias")));
  Affine affine;
  for (size_t c = 0; c < m.size(); ++c) {
    affine.scale.push_back(gamma[c] / std::sqrt(v[c] + a.number("eps")));
    affine.shift.push_back(beta[c] - m[c] * affine.scale[c]);
  }
  return affine;
}

size_t fold_batch_norms(Graph& graph) {
  const Uses uses(graph);
  std::vector<bool> removed(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto affine = batch_norm_affine(graph, graph.nodes[n]);
    if (!affine) continue;
    const ValueId x = NodeArguments(graph.nodes[n]).value("input");
    if (uses.producer(x) < 0 || !uses.has_one_reader(x)) continue;
    Node& maker = graph.nodes[static_cast<size_t>(uses.producer(x))];
    // Rows [N, C] or [N, C, L] of a linear: only in the first are its channels those of the norm.
    if (!has_weights(graph, maker) || (is_linear(maker) && shape_of(graph, x).dim() != 2)) continue;
    scale_weights(graph, maker, affine->scale, affine->shift);
    maker.outputs = graph.nodes[n].outputs;
    removed[n] = true;
  }
  return remove_nodes(graph, removed);
}

// batch_norm [+ activation] -> pointwise convolution, and gate * x -> pointwise convolution.
size_t fuse_prologues(Graph& graph) {
  size_t changed = 0;
  std::vector<bool> removed(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!is_pointwise(graph, graph.nodes[n]) || graph.nodes[n].find("pre_scale") ||
        graph.nodes[n].find("gate"))
      continue;
    const Uses uses(graph);
    const auto maker_of = [&](ValueId id) -> int32_t {
      return uses.has_one_reader(id) ? uses.producer(id) : -1;
    };
    const ValueId x = NodeArguments(graph.nodes[n]).value("input");
    int32_t maker = maker_of(x);
    if (maker < 0) continue;
    if (graph.nodes[static_cast<size_t>(maker)].op == "aten.mul.Tensor" &&
        !is_fused(graph.nodes[static_cast<size_t>(maker)])) {
      const NodeArguments a(graph.nodes[static_cast<size_t>(maker)]);
      ValueId image = a.value("self"), gate = a.value("other");
      const Shape wanted{shape_of(graph, x)[0], shape_of(graph, x)[1], 1, 1};
      if (shape_of(graph, image) == wanted) std::swap(image, gate);
      if (shape_of(graph, gate) != wanted || shape_of(graph, image) != shape_of(graph, x) ||
          shape_of(graph, image) == wanted || constant_of(graph, gate).defined())
        continue;
      set_argument(graph.nodes[n], "input", image);
      set_argument(graph.nodes[n], "gate", gate);
      removed[static_cast<size_t>(maker)] = true;
    } else {
      std::string activation = activation_of(graph.nodes[static_cast<size_t>(maker)]);
      const int32_t first =
          activation.empty() ? maker
                             : maker_of(NodeArguments(graph.nodes[static_cast<size_t>(maker)]).value("self"));
      if (first < 0) continue;
      const Node& norm = graph.nodes[static_cast<size_t>(first)];
      // An epilogue may have taken up the activation already.
      if (activation.empty() && norm.find("activation")) activation = NodeArguments(norm).text("activation");
      if ((!activation.empty() && activation != "relu") || norm.find("residual")) continue;
      const auto affine = batch_norm_affine(graph, norm);
      if (!affine) continue;
      const ValueId input = NodeArguments(norm).value("input");
      const ValueId scale = add_constant(graph, tensor_of_doubles(affine->scale)),
                    shift = add_constant(graph, tensor_of_doubles(affine->shift));
      Node& node = graph.nodes[n];
      set_argument(node, "input", input);
      set_argument(node, "pre_scale", scale);
      set_argument(node, "pre_shift", shift);
      if (!activation.empty()) set_argument(node, "pre_activation", activation);
      removed[static_cast<size_t>(first)] = removed[static_cast<size_t>(maker)] = true;
    }
    ++changed;
    // What is removed must not count as a reader any more.
    for (size_t i = 0; i < n; ++i)
      if (removed[i])
        graph.nodes[i].arguments.clear(), graph.nodes[i].outputs.clear(), graph.nodes[i].op = "removed";
  }
  remove_nodes(graph, removed);
  return changed;
}

}  // namespace sconce
