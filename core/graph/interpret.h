// Runs the nodes of a graph by the public ops, one after the other: what a node means.
#pragma once
#include <sconce/graph.h>

#include <functional>
#include <string_view>
#include <vector>

namespace sconce {

// Whether interpret() knows the op.
bool can_interpret(std::string_view op);

// The results of one node. `tensor_of` gives the tensors that it reads. Nodes that write (Aliasing::write) leave their operand alone and
// give what it would hold; views of a tensor share its memory. Besides ATen's nodes it runs those that the passes fuse (passes/fused.h).
// Throws ErrorKind::unsupported on an op that it does not know, and what the ops throw.
std::vector<Tensor> interpret(const Node& node, const std::function<Tensor(ValueId)>& tensor_of);

// The whole graph on these inputs; `watch`, where given, sees each value once it is known.
std::vector<Tensor> interpret(const Graph& graph, const std::vector<Tensor>& inputs,
                              const std::function<void(const Node&, ValueId, const Tensor&)>& watch = {});

}  // namespace sconce
