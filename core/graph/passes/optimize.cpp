// The order of the passes.
#include "graph/passes/passes.h"

namespace sconce {

void optimize(Graph& graph) {
  remove_dead_nodes(graph);
  fold_constants(graph);
  remove_copies(graph);
  remove_dead_nodes(graph);
}

}  // namespace sconce
