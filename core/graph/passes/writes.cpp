#include <sconce/error.h>

#include "graph/node_arguments.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {
namespace {

// "aten.add_.Tensor" without its underscore, where both sides are of one dtype, so that the results are equal.
void rename(Node& node, const Graph& graph) {
  const size_t end = node.op.rfind('.');
  if (end == std::string::npos || end == 0 || node.op[end - 1] != '_' || node.op == "aten.copy_.default")
    return;
  const DType dtype = graph.values[static_cast<size_t>(node.outputs[0])].dtype;
  bool equal = dtype == DType::f32 || dtype == DType::f64;
  for_each_input(node,
                 [&](ValueId id) { equal = equal && graph.values[static_cast<size_t>(id)].dtype == dtype; });
  if (equal) node.op.erase(end - 1, 1);
}

}  // namespace

size_t make_writes_fresh(Graph& graph) {
  const size_t count = graph.values.size();
  std::vector<ValueId> root(count);
  std::vector<bool> outside(count, false);
  for (size_t i = 0; i < count; ++i) {
    root[i] = static_cast<ValueId>(i);
    outside[i] = graph.values[i].constant.defined();
  }
  for (ValueId id : graph.inputs) outside[static_cast<size_t>(id)] = true;
  for (const Node& node : graph.nodes) {
    if (node.aliasing != Aliasing::view) continue;
    ValueId from = no_value;
    for_each_input(node, [&](ValueId id) { from = from == no_value ? id : from; });
    if (from == no_value) continue;
    for (ValueId out : node.outputs) root[static_cast<size_t>(out)] = root[static_cast<size_t>(from)];
  }
  size_t changed = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    Node& node = graph.nodes[n];
    if (node.aliasing != Aliasing::write) continue;
    const ValueId written = root[static_cast<size_t>(NodeArguments(node).value("self"))];
    const auto refuse = [&](const char* why) {
      fail(ErrorKind::unsupported, "[prepare] ", node.op, node.scope.empty() ? "" : " of ", node.scope,
           " writes into ", why, ", which cannot be planned; write ", "x = f(x) instead of f_(x)");
    };
    if (outside[static_cast<size_t>(written)]) refuse("an input or a weight");
    const auto check_reader = [&](ValueId id) {
      if (root[static_cast<size_t>(id)] == written) refuse("a tensor that is read again under another name");
    };
    for (size_t later = n + 1; later < graph.nodes.size(); ++later)
      for_each_input(graph.nodes[later], check_reader);
    for (ValueId id : graph.outputs) check_reader(id);
    node.aliasing = Aliasing::fresh;
    rename(node, graph);
    ++changed;
  }
  return changed;
}

}  // namespace sconce
