// Reads the arguments of a node by name and type.
#pragma once
#include <sconce/graph.h>

#include <optional>
#include <string_view>

namespace sconce {

// Throws ErrorKind::invalid_argument, naming op and argument, where something else is found than what is asked for. An argument that
// the node does not list counts as None.
class NodeArguments {
 public:
  explicit NodeArguments(const Node& node) : node_(&node) {}

  bool is_none(std::string_view name) const;
  // no_value for None.
  ValueId value(std::string_view name) const;
  std::vector<ValueId> values(std::string_view name) const;
  // A list, of which an int is the one-element form; empty for None.
  std::vector<int64_t> ints(std::string_view name) const;
  std::vector<double> doubles(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  bool flag(std::string_view name) const;
  // Of a number or a boolean.
  Scalar scalar(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::optional<DType> dtype(std::string_view name) const;
  // The same, or `otherwise` for None.
  bool flag_or(std::string_view name, bool otherwise) const { return is_none(name) ? otherwise : flag(name); }
  std::string text_or(std::string_view name, std::string otherwise) const {
    return is_none(name) ? std::move(otherwise) : text(name);
  }

  const Node& node() const { return *node_; }

 private:
  const Argument& get(std::string_view name) const;
  [[noreturn]] void fail_type(std::string_view name, const char* wanted) const;
  const Node* node_;
};

// Calls f(id) with every value that the node reads, in order; f may change them when the node is not const.
template <class F>
void for_each_input(const Node& node, F&& f) {
  for (const auto& [name, argument] : node.arguments) {
    if (const auto* id = std::get_if<ValueId>(&argument)) {
      if (*id != no_value) f(*id);
    } else if (const auto* ids = std::get_if<std::vector<ValueId>>(&argument)) {
      for (ValueId i : *ids)
        if (i != no_value) f(i);
    }
  }
}
template <class F>
void for_each_input(Node& node, F&& f) {
  for (auto& [name, argument] : node.arguments) {
    if (auto* id = std::get_if<ValueId>(&argument)) {
      if (*id != no_value) f(*id);
    } else if (auto* ids = std::get_if<std::vector<ValueId>>(&argument)) {
      for (ValueId& i : *ids)
        if (i != no_value) f(i);
    }
  }
}

// Sets an argument, adding it behind the others where it is new.
void set_argument(Node& node, std::string_view name, Argument value);

}  // namespace sconce
