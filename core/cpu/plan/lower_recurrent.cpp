// LSTM and GRU: layer by layer, one product for all steps, then the recurrence.
#include "cpu/plan/lower.h"

namespace sconce::plan {

bool lower_recurrent(Lowering&, const Node&) { return false; }

}  // namespace sconce::plan
