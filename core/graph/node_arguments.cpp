#include "graph/node_arguments.h"

#include <sconce/error.h>

namespace sconce {

const Argument& NodeArguments::get(std::string_view name) const {
  static const Argument none;
  const Argument* found = node_->find(name);
  return found ? *found : none;
}

void NodeArguments::fail_type(std::string_view name, const char* wanted) const {
  fail(ErrorKind::invalid_argument, "[", node_->op, "] expected ", wanted, " as argument '", name, "'");
}

bool NodeArguments::is_none(std::string_view name) const {
  const Argument& a = get(name);
  const auto* id = std::get_if<ValueId>(&a);
  return std::holds_alternative<std::monostate>(a) || (id && *id == no_value);
}

ValueId NodeArguments::value(std::string_view name) const {
  const Argument& a = get(name);
  if (std::holds_alternative<std::monostate>(a)) return no_value;
  if (const auto* id = std::get_if<ValueId>(&a)) return *id;
  fail_type(name, "a tensor");
}

std::vector<ValueId> NodeArguments::values(std::string_view name) const {
  const Argument& a = get(name);
  if (std::holds_alternative<std::monostate>(a)) return {};
  if (const auto* ids = std::get_if<std::vector<ValueId>>(&a)) return *ids;
  // A recorded list without members has no type of its own.
  if (const auto* list = std::get_if<std::vector<int64_t>>(&a); list && list->empty()) return {};
  fail_type(name, "a list of tensors");
}

std::vector<int64_t> NodeArguments::ints(std::string_view name) const {
  const Argument& a = get(name);
  if (std::holds_alternative<std::monostate>(a)) return {};
  if (const auto* one = std::get_if<int64_t>(&a)) return {*one};
  if (const auto* list = std::get_if<std::vector<int64_t>>(&a)) return *list;
  if (const auto* list = std::get_if<std::vector<ValueId>>(&a); list && list->empty()) return {};
  fail_type(name, "a list of integers");
}

std::vector<double> NodeArguments::doubles(std::string_view name) const {
  const Argument& a = get(name);
  if (std::holds_alternative<std::monostate>(a)) return {};
  if (const auto* one = std::get_if<double>(&a)) return {*one};
  if (const auto* list = std::get_if<std::vector<double>>(&a)) return *list;
  if (const auto* list = std::get_if<std::vector<int64_t>>(&a)) return {list->begin(), list->end()};
  fail_type(name, "a list of numbers");
}

int64_t NodeArguments::integer(std::string_view name) const {
  if (const auto* v = std::get_if<int64_t>(&get(name))) return *v;
  fail_type(name, "an integer");
}

double NodeArguments::number(std::string_view name) const {
  const Argument& a = get(name);
  if (const auto* v = std::get_if<double>(&a)) return *v;
  if (const auto* v = std::get_if<int64_t>(&a)) return static_cast<double>(*v);
  fail_type(name, "a number");
}

bool NodeArguments::flag(std::string_view name) const {
  if (const auto* v = std::get_if<bool>(&get(name))) return *v;
  fail_type(name, "a boolean");
}

Scalar NodeArguments::scalar(std::string_view name) const {
  const Argument& a = get(name);
  if (const auto* v = std::get_if<bool>(&a)) return *v;
  if (const auto* v = std::get_if<int64_t>(&a)) return *v;
  if (const auto* v = std::get_if<double>(&a)) return *v;
  fail_type(name, "a number");
}

std::string NodeArguments::text(std::string_view name) const {
  if (const auto* v = std::get_if<std::string>(&get(name))) return *v;
  fail_type(name, "a string");
}

std::optional<DType> NodeArguments::dtype(std::string_view name) const {
  const Argument& a = get(name);
  if (std::holds_alternative<std::monostate>(a)) return std::nullopt;
  if (const auto* v = std::get_if<DType>(&a)) return *v;
  fail_type(name, "a dtype");
}

void set_argument(Node& node, std::string_view name, Argument value) {
  for (auto& argument : node.arguments)
    if (argument.first == name) {
      argument.second = std::move(value);
      return;
    }
  node.arguments.emplace_back(std::string(name), std::move(value));
}

}  // namespace sconce
