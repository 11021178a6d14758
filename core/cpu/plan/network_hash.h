// What tells one network, with its weights, from another.
#pragma once
#include <sconce/graph.h>
#include <sconce/prepare.h>

#include <cstdint>

namespace sconce::plan {

// Of the nodes, shapes and constants of a recorded graph and the options that change its packed weights.
uint64_t network_hash(const Graph& graph, const PrepareOptions& options);

}  // namespace sconce::plan
