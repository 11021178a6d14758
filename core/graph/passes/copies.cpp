#include "graph/node_arguments.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {
namespace {

// Its result has the elements of its operand in the same order and shape. (A dropout records nothing at all.)
bool changes_nothing(const Graph& graph, const Node& node) {
  if (node.outputs.size() != 1) return false;
  if (node.op == "aten.clone.default") return true;
  const bool view = node.op == "aten.view.default" || node.op == "aten.reshape.default" ||
                    node.op == "aten.flatten.using_ints" || node.op == "aten.expand.default" ||
                    node.op == "aten.slice.Tensor";
  if (!view) return false;
  const ValueId self = NodeArguments(node).value("self");
  return shape_of(graph, self) == shape_of(graph, node.outputs[0]);
}

}  // namespace

size_t remove_copies(Graph& graph) {
  std::vector<bool> removed(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!changes_nothing(graph, graph.nodes[n])) continue;
    replace_value(graph, graph.nodes[n].outputs[0], NodeArguments(graph.nodes[n]).value("self"));
    removed[n] = true;
  }
  return remove_nodes(graph, removed);
}

}  // namespace sconce
