// What the tables of the interpreter share: a call's arguments as the ops take them.
#pragma once
#include <functional>
#include <span>

#include "graph/node_arguments.h"

namespace sconce::interpreter {

// A node's arguments, its values as tensors.
class Call : public NodeArguments {
 public:
  Call(const Node& node, const std::function<Tensor(ValueId)>& tensor_of)
      : NodeArguments(node), tensor_of_(&tensor_of) {}

  // Undefined for None.
  Tensor tensor(std::string_view name) const { return of(value(name)); }
  std::vector<Tensor> tensors(std::string_view name) const {
    std::vector<Tensor> list;
    for (ValueId id : values(name)) list.push_back(of(id));
    return list;
  }
  Tensor self() const { return tensor("self"); }
  Tensor other() const { return tensor("other"); }

 private:
  Tensor of(ValueId id) const { return id == no_value ? Tensor() : (*tensor_of_)(id); }
  const std::function<Tensor(ValueId)>* tensor_of_;
};

using Results = std::vector<Tensor>;

struct Entry {
  std::string_view op;
  Results (*run)(const Call&);
};

// The ops by family; each lies in a source of its own.
std::span<const Entry> elementwise_entries();
std::span<const Entry> network_entries();
std::span<const Entry> view_entries();
std::span<const Entry> array_entries();

}  // namespace sconce::interpreter
