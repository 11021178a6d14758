#include "graph/interpret.h"
#include "graph/node_arguments.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {
namespace {

constexpr int64_t always_fine = int64_t{1} << 20;  // bytes

bool worth_folding(const Graph& graph, const Node& node) {
  int64_t read = 0, made = 0;
  bool constant = can_interpret(node.op);
  for_each_input(node, [&](ValueId id) {
    const Tensor& t = constant_of(graph, id);
    constant = constant && t.defined() && t.device() == cpu;
    if (t.defined()) read += t.nbytes();
  });
  if (!constant) return false;
  if (node.aliasing == Aliasing::view) return true;
  for (ValueId id : node.outputs) {
    const Graph::ValueInfo& v = graph.values[static_cast<size_t>(id)];
    made += v.shape.numel() * static_cast<int64_t>(size_of(v.dtype));
  }
  return made <= always_fine || made <= 4 * read;
}

}  // namespace

size_t fold_constants(Graph& graph) {
  std::vector<bool> folded(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (!worth_folding(graph, node)) continue;
    const std::vector<Tensor> results = interpret(node, [&](ValueId id) { return constant_of(graph, id); });
    for (size_t i = 0; i < results.size(); ++i)
      graph.values[static_cast<size_t>(node.outputs[i])].constant = results[i];
    folded[n] = true;
  }
  return remove_nodes(graph, folded);
}

}  // namespace sconce
