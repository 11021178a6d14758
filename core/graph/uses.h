// Who makes and who reads the values of a graph.
#pragma once
#include <sconce/graph.h>

#include <string_view>
#include <vector>

namespace sconce {

// As of the moment when it is made; a pass that changes the graph makes another one.
class Uses {
 public:
  explicit Uses(const Graph& graph);

  // The index of the node that makes the value; -1 for inputs and constants.
  int32_t producer(ValueId id) const { return producer_[static_cast<size_t>(id)]; }
  // The nodes that read it, each once, in order.
  const std::vector<int32_t>& readers(ValueId id) const { return readers_[static_cast<size_t>(id)]; }
  bool is_output(ValueId id) const { return output_[static_cast<size_t>(id)]; }
  // Whether one node reads it, and nobody outside does.
  bool has_one_reader(ValueId id) const { return readers(id).size() == 1 && !is_output(id); }

 private:
  std::vector<int32_t> producer_;
  std::vector<std::vector<int32_t>> readers_;
  std::vector<bool> output_;
};

// The constant that the value is, or an undefined tensor.
inline const Tensor& constant_of(const Graph& graph, ValueId id) {
  static const Tensor none;
  return id == no_value ? none : graph.values[static_cast<size_t>(id)].constant;
}
inline const Shape& shape_of(const Graph& graph, ValueId id) {
  return graph.values[static_cast<size_t>(id)].shape;
}

// Adds a constant.
ValueId add_constant(Graph& graph, const Tensor& tensor);
// Adds a value that a new node will make.
ValueId add_value(Graph& graph, const Shape& shape, DType dtype);
// Makes everyone who reads `from`, and the outputs, read `to`.
void replace_value(Graph& graph, ValueId from, ValueId to);
// Removes the nodes that are marked, and returns how many there were.
size_t remove_nodes(Graph& graph, const std::vector<bool>& marked);

}  // namespace sconce
