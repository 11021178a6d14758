// Products with constant matrices: as linear, on the shapes that the network means, several of one input as one.
#include <sconce/ops/index.h>

#include "graph/node_arguments.h"
#include "graph/passes/fused.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {
namespace {

bool is_one(const NodeArguments& a, std::string_view name) { return a.number(name) == 1; }

// The constant matrix [in, out] that the node multiplies with, or undefined; its operand and bias beside it.
struct Product {
  ValueId input = no_value, bias = no_value;
  Tensor matrix;
};

Product product_of(const Graph& graph, const Node& node) {
  const NodeArguments a(node);
  Product p;
  ValueId matrix = no_value;
  if (node.op == "aten.addmm.default" && is_one(a, "beta") && is_one(a, "alpha")) {
    p.input = a.value("mat1"), matrix = a.value("mat2"), p.bias = a.value("self");
    const Tensor& bias = constant_of(graph, p.bias);
    if (!bias.defined() || bias.dim() != 1 || bias.numel() != shape_of(graph, matrix)[1]) return {};
  } else if (node.op == "aten.mm.default") {
    p.input = a.value("self"), matrix = a.value("mat2");
  } else if (node.op == "aten.matmul.default") {
    p.input = a.value("self"), matrix = a.value("other");
  }
  if (matrix == no_value || constant_of(graph, p.input).defined() || shape_of(graph, p.input).dim() < 2)
    return {};
  const Tensor& m = constant_of(graph, matrix);
  if (!m.defined() || m.dim() != 2 || m.dtype() != DType::f32) return {};
  p.matrix = m;
  return p;
}

bool reshapes(const Node& node) {
  return node.op == "aten.view.default" || node.op == "aten.reshape.default" ||
         node.op == "aten.flatten.using_ints";
}

// view [.., K] -> [M, K], linear, view [M, N] -> [.., N]: the linear takes the first shape itself.
bool lift_over_views(Graph& graph, size_t n) {
  const Uses uses(graph);
  const ValueId x = NodeArguments(graph.nodes[n]).value("input"), y = graph.nodes[n].outputs[0];
  if (uses.producer(x) < 0 || !uses.has_one_reader(y)) return false;
  const Node& before = graph.nodes[static_cast<size_t>(uses.producer(x))];
  Node& behind = graph.nodes[static_cast<size_t>(uses.readers(y)[0])];
  if (!reshapes(before) || !reshapes(behind)) return false;
  const ValueId source = NodeArguments(before).value("self");
  std::vector<int64_t> wanted = shape_of(graph, source).extents();
  if (wanted.size() < 2 || wanted.back() != shape_of(graph, x)[-1]) return false;
  wanted.back() = shape_of(graph, y)[-1];
  if (shape_of(graph, behind.outputs[0]).extents() != wanted) return false;
  set_argument(graph.nodes[n], "input", source);
  graph.nodes[n].outputs = behind.outputs;
  behind.outputs.clear(), behind.arguments.clear();
  return true;
}

// Whether all that happens to the value is that it is cut into heads.
bool feeds_views(const Graph& graph, const Uses& uses, ValueId id) {
  if (uses.is_output(id) || uses.readers(id).empty()) return false;
  for (int32_t reader : uses.readers(id))
    if (graph.nodes[static_cast<size_t>(reader)].aliasing != Aliasing::view) return false;
  return true;
}

}  // namespace

size_t make_linears(Graph& graph) {
  size_t changed = 0;
  for (Node& node : graph.nodes) {
    const Product p = product_of(graph, node);
    if (!p.matrix.defined()) continue;
    const ValueId weight = add_constant(graph, p.matrix.t());
    node.op = "aten.linear.default";
    node.arguments = {{"input", p.input}, {"weight", weight}};
    node.arguments.emplace_back("bias", p.bias == no_value ? Argument() : Argument(p.bias));
    ++changed;
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n)
    if (is_linear(graph.nodes[n]) && has_weights(graph, graph.nodes[n])) changed += lift_over_views(graph, n);
  std::vector<bool> removed(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) removed[n] = graph.nodes[n].outputs.empty();
  remove_nodes(graph, removed);
  return changed;
}

size_t merge_linears(Graph& graph) {
  size_t changed = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!is_linear(graph.nodes[n]) || !has_weights(graph, graph.nodes[n]) || is_fused(graph.nodes[n]))
      continue;
    const Uses uses(graph);
    const NodeArguments first(graph.nodes[n]);
    const ValueId x = first.value("input");
    std::vector<size_t> group;
    for (int32_t reader : uses.readers(x)) {
      const Node& other = graph.nodes[static_cast<size_t>(reader)];
      const NodeArguments a(other);
      if (static_cast<size_t>(reader) >= n && is_linear(other) && has_weights(graph, other) &&
          !is_fused(other) && a.value("input") == x && a.is_none("bias") == first.is_none("bias") &&
          feeds_views(graph, uses, other.outputs[0]))
        group.push_back(static_cast<size_t>(reader));
    }
    if (group.size() < 2 || group[0] != n) continue;
    std::vector<Tensor> weights, biases;
    for (size_t i : group) {
      const NodeArguments a(graph.nodes[i]);
      weights.push_back(constant_of(graph, a.value("weight")));
      if (!a.is_none("bias")) biases.push_back(constant_of(graph, a.value("bias")));
    }
    std::vector<int64_t> shape = shape_of(graph, x).extents();
    const Tensor weight = cat(weights, 0);
    shape.back() = weight.size(0);
    Node merged;
    merged.op = "aten.linear.default";
    merged.scope = graph.nodes[n].scope;
    merged.arguments = {{"input", x}, {"weight", add_constant(graph, weight)}};
    merged.arguments.emplace_back(
        "bias", biases.empty() ? Argument() : Argument(add_constant(graph, cat(biases, 0))));
    const ValueId whole = add_value(graph, Shape(shape), DType::f32);
    merged.outputs = {whole};
    int64_t start = 0;
    for (size_t i = 0; i < group.size(); ++i) {
      Node& part = graph.nodes[group[i]];
      const int64_t end = start + weights[i].size(0), last = static_cast<int64_t>(shape.size()) - 1;
      part.op = "aten.slice.Tensor";
      part.aliasing = Aliasing::view;
      part.arguments = {{"self", whole}, {"dim", last}, {"start", start}, {"end", end}, {"step", int64_t{1}}};
      start = end;
    }
    graph.nodes.insert(graph.nodes.begin() + static_cast<ptrdiff_t>(n), std::move(merged));
    ++changed;
  }
  return changed;
}

}  // namespace sconce
