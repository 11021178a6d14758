// Which family lowers a node.
#include "cpu/plan/lower.h"
#include "graph/node_arguments.h"

namespace sconce::plan {

bool lower_fast(Lowering& lowering, const Node& node) {
  // Every kernel is f32's; what is empty has no kernel.
  for (ValueId id : node.outputs)
    if (lowering.shape(id).numel() == 0) return false;
  bool fits = true;
  for_each_input(node, [&](ValueId id) { fits = fits && lowering.shape(id).numel() > 0; });
  if (!fits) return false;
  for (const auto family :
       {lower_winograd_or_depthwise, lower_product, lower_matmul, lower_vision, lower_rows, lower_elementwise,
        lower_attention, lower_recurrent, lower_moves, lower_cache})
    if (family(lowering, node)) return true;
  return false;
}

}  // namespace sconce::plan
