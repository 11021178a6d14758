// A run beside the eager ops, node by node.
#pragma once
#include <sconce/graph.h>

#include "cpu/plan/executor.h"

namespace sconce::plan {

// Runs the program, and the recorded graph by the eager ops on the same inputs; throws ErrorKind::mismatch at the first step of the program
// whose result differs from the recorded value by more than a thousandth of its largest element.
void run_checked(const Executor& executor, const Graph& recorded, const std::vector<Tensor>& inputs,
                 std::vector<Tensor>& outputs);

}  // namespace sconce::plan
