// Which family lowers a node.
#include "cpu/plan/lower.h"

namespace sconce::plan {

bool lower_fast(Lowering&, const Node&) { return false; }

bool move_fast(Lowering&, const Node&, const Place&, const Place&) { return false; }

}  // namespace sconce::plan
