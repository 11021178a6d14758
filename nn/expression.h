// The grammar of constructor expressions: names, calls and literals of Python, and what print(module) writes.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sconce::nn {

// A parsed value. Calls keep their arguments; nothing is looked up or executed.
struct Call;

// A parsed value.
struct Expression {
  using List = std::vector<Expression>;  // a list or a tuple
  std::variant<std::monostate, bool, int64_t, double, std::string, List, std::shared_ptr<const Call>>
      value;          // monostate is None
  size_t column = 0;  // where it begins

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  const Call* call() const {
    const auto* held = as<std::shared_ptr<const Call>>();
    return held ? held->get() : nullptr;
  }
};

// A call keeps its arguments; nothing is looked up or executed.
struct Call {
  std::string name;                                           // without "torch.nn."
  std::vector<std::pair<std::string, Expression>> arguments;  // positional ones have an empty name
  std::vector<std::pair<std::string, Expression>>
      entries;  // "(name): value", as print(module) writes children
};

// Throws ErrorKind::invalid_argument "[module_from] expected ..., got ... at column 7" on anything else, on
// nesting deeper than 100 and on text longer than a megabyte.
Expression parse_expression(std::string_view text);
// "expected WHAT at column N".
[[noreturn]] void fail_at(size_t column, const std::string& message);

}  // namespace sconce::nn
