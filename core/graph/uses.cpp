#include "graph/uses.h"

#include "graph/node_arguments.h"

namespace sconce {

Uses::Uses(const Graph& graph)
    : producer_(graph.values.size(), -1), readers_(graph.values.size()), output_(graph.values.size(), false) {
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const auto node = static_cast<int32_t>(n);
    for (ValueId id : graph.nodes[n].outputs) producer_[static_cast<size_t>(id)] = node;
    for_each_input(graph.nodes[n], [&](ValueId id) {
      auto& list = readers_[static_cast<size_t>(id)];
      if (list.empty() || list.back() != node) list.push_back(node);
    });
  }
  for (ValueId id : graph.outputs) output_[static_cast<size_t>(id)] = true;
}

ValueId add_constant(Graph& graph, const Tensor& tensor) {
  graph.values.push_back({tensor.shape(), tensor.dtype(), tensor});
  return static_cast<ValueId>(graph.values.size() - 1);
}

ValueId add_value(Graph& graph, const Shape& shape, DType dtype) {
  graph.values.push_back({shape, dtype, {}});
  return static_cast<ValueId>(graph.values.size() - 1);
}

void replace_value(Graph& graph, ValueId from, ValueId to) {
  for (Node& node : graph.nodes)
    for_each_input(node, [&](ValueId& id) {
      if (id == from) id = to;
    });
  for (ValueId& id : graph.outputs)
    if (id == from) id = to;
}

size_t remove_nodes(Graph& graph, const std::vector<bool>& marked) {
  size_t kept = 0;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (marked[n]) continue;
    if (kept != n) graph.nodes[kept] = std::move(graph.nodes[n]);
    ++kept;
  }
  const size_t removed = graph.nodes.size() - kept;
  graph.nodes.resize(kept);
  return removed;
}

}  // namespace sconce
