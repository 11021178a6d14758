#include <optional>

#include "graph/node_arguments.h"
#include "graph/passes/fused.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {
namespace {

// The other operand of an addition of two tensors of one shape, neither of them scaled; no_value where it is something else.
ValueId added_to(const Graph& graph, const Node& node, ValueId x) {
  if (node.op != "aten.add.Tensor" || is_fused(node)) return no_value;
  const NodeArguments a(node);
  const ValueId self = a.value("self"), other = a.value("other"), z = self == x ? other : self;
  if (a.number("alpha") != 1 || z == x || shape_of(graph, z) != shape_of(graph, x)) return no_value;
  return graph.values[static_cast<size_t>(z)].dtype == DType::f32 ? z : no_value;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& dims) {
  std::vector<int64_t> back(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) back[static_cast<size_t>(dims[i])] = static_cast<int64_t>(i);
  return back;
}

// Between channels first and channels last, which is the same memory in a plan.
bool moves_channels(const Node& node) {
  if (node.op != "aten.permute.default") return false;
  const std::vector<int64_t> dims = NodeArguments(node).ints("dims");
  return dims == std::vector<int64_t>{0, 3, 1, 2} || dims == std::vector<int64_t>{0, 2, 3, 1};
}

// One step of growing the epilogue of node p; the index that it then has, nullopt where nothing grows. The fused node takes the place of
// the reader, so that the residual is there before it.
std::optional<size_t> grow(Graph& graph, size_t p) {
  const Uses uses(graph);
  const ValueId y = graph.nodes[p].outputs[0];
  if (graph.nodes[p].find("activation") || !uses.has_one_reader(y)) return std::nullopt;
  const bool weights = has_weights(graph, graph.nodes[p]);
  auto r = static_cast<size_t>(uses.readers(y)[0]);
  size_t view = p;  // none
  ValueId shown = y;
  if (weights && moves_channels(graph.nodes[r])) {
    view = r;
    shown = graph.nodes[r].outputs[0];
    if (!uses.has_one_reader(shown)) return std::nullopt;
    r = static_cast<size_t>(uses.readers(shown)[0]);
  }
  const std::string activation = activation_of(graph.nodes[r]);
  const ValueId z =
      graph.nodes[p].find("residual") || !weights ? no_value : added_to(graph, graph.nodes[r], shown);
  if (activation.empty() && z == no_value) return std::nullopt;
  Node fused = graph.nodes[p];
  std::vector<Node> placed;
  if (!activation.empty()) set_argument(fused, "activation", activation);
  if (view == p) {
    if (z != no_value) set_argument(fused, "residual", z);
    fused.outputs = graph.nodes[r].outputs;
    placed = {fused};
  } else {
    const std::vector<int64_t> dims = NodeArguments(graph.nodes[view]).ints("dims");
    if (z != no_value) {
      Node back;
      back.op = "aten.permute.default";
      back.aliasing = Aliasing::view;
      back.scope = graph.nodes[view].scope;
      back.arguments = {{"self", z}, {"dims", inverse(dims)}};
      back.outputs = {add_value(graph, shape_of(graph, y), DType::f32)};
      set_argument(fused, "residual", back.outputs[0]);
      placed.push_back(back);
    }
    fused.outputs = {add_value(graph, shape_of(graph, y), DType::f32)};
    Node forth = graph.nodes[view];
    set_argument(forth, "self", fused.outputs[0]);
    forth.outputs = graph.nodes[r].outputs;
    placed.push_back(fused);
    placed.push_back(forth);
  }
  std::vector<Node> nodes;
  size_t index = 0;
  nodes.reserve(graph.nodes.size() + 1);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (n == r) {
      index = nodes.size() + (placed.size() == 3 ? 1 : 0);
      nodes.insert(nodes.end(), placed.begin(), placed.end());
    } else if (n != p && n != view) {
      nodes.push_back(std::move(graph.nodes[n]));
    }
  }
  graph.nodes = std::move(nodes);
  return index;
}

// What else takes an activation along: a residual without a product beside it, and norms.
bool takes_activation(const Graph& graph, const Node& node) {
  return (node.op == "aten.add.Tensor" || node.op == "aten.batch_norm.default" ||
          node.op == "aten.group_norm.default") &&
         graph.values[static_cast<size_t>(node.outputs[0])].dtype == DType::f32;
}

}  // namespace

size_t fuse_epilogues(Graph& graph) {
  size_t changed = 0;
  // Products first, so that they get the additions. From the end: of two convolutions that are added, the later one has the earlier as
  // its residual.
  for (bool products : {true, false})
    for (size_t n = graph.nodes.size(); n-- > 0;) {
      if (!(products ? has_weights(graph, graph.nodes[n]) : takes_activation(graph, graph.nodes[n])))
        continue;
      size_t at = n;
      while (const auto grown = grow(graph, at)) at = *grown, ++changed;
    }
  return changed;
}

}  // namespace sconce
