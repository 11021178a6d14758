// The order of the passes.
#include "graph/passes/passes.h"

namespace sconce {

void optimize(Graph& graph) {
  remove_dead_nodes(graph);
  fold_constants(graph);
  remove_copies(graph);
  make_linears(graph);
  fold_batch_norms(graph);
  fold_channel_scales(graph);
  fold_pads(graph);
  merge_linears(graph);
  fuse_epilogues(graph);
  fuse_prologues(graph);
  fold_constants(graph);
  remove_dead_nodes(graph);
}

}  // namespace sconce
