#include "graph/node_arguments.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {

size_t remove_dead_nodes(Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false), dead(graph.nodes.size(), false);
  for (ValueId id : graph.outputs) needed[static_cast<size_t>(id)] = true;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    bool any = false;
    for (ValueId id : graph.nodes[n].outputs) any = any || needed[static_cast<size_t>(id)];
    dead[n] = !any;
    if (any) for_each_input(graph.nodes[n], [&](ValueId id) { needed[static_cast<size_t>(id)] = true; });
  }
  const size_t removed = remove_nodes(graph, dead);
  for (ValueId id : graph.inputs) needed[static_cast<size_t>(id)] = true;
  // What nobody reads need not be kept alive.
  for (size_t i = 0; i < graph.values.size(); ++i)
    if (!needed[i]) graph.values[i].constant = {};
  return removed;
}

}  // namespace sconce
