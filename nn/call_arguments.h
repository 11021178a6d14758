// The arguments of a constructor call in an expression, by PyTorch's names.
#pragma once
#include <sconce/nn/arguments.h>

#include "expression.h"

namespace sconce::nn {

// The arguments of one call under their names.
class CallArguments {
 public:
  // `names` is the signature, in order, separated by blanks.
  CallArguments(const Expression& e, std::string_view names) : call_(*e.call()), column_(e.column) {
    while (!names.empty()) {
      const size_t blank = names.find(' ');
      names_.emplace_back(names.substr(0, blank));
      names.remove_prefix(blank == std::string_view::npos ? names.size() : blank + 1);
    }
    values_.assign(names_.size(), nullptr);
    if (!call_.entries.empty()) fail_at(column_, call_.name + " has no children");
    size_t position = 0;
    for (const auto& [name, value] : call_.arguments) {
      size_t i = position++;
      if (!name.empty())
        for (i = 0; i < names_.size() && names_[i] != name;) ++i;
      if (i >= names_.size())
        fail_at(value.column, name.empty()
                                  ? call_.name + " takes " + std::to_string(names_.size()) +
                                        " arguments but more were given"
                                  : call_.name + " got an unexpected keyword argument '" + name + "'");
      if (values_[i])
        fail_at(value.column, call_.name + " got multiple values for argument '" + names_[i] + "'");
      values_[i] = &value;
    }
  }

  bool given(std::string_view name) const {
    return find(name) != nullptr && !find(name)->as<std::monostate>();
  }

  bool none(std::string_view name) const { return find(name) && find(name)->as<std::monostate>(); }

  int64_t integer(std::string_view name) const {
    const Expression& e = required(name);
    if (const auto* i = e.as<int64_t>()) return *i;
    if (const auto* list = e.as<Expression::List>();
        list && list->size() == 1)  // Conv1d prints kernel_size=(3,)
      if (const auto* i = list->front().as<int64_t>()) return *i;
    wrong(name, "an integer");
  }
  int64_t integer(std::string_view name, int64_t otherwise) const {
    return given(name) ? integer(name) : otherwise;
  }

  double number(std::string_view name, double otherwise) const {
    if (!given(name)) return otherwise;
    if (const auto* d = find(name)->as<double>()) return *d;
    if (const auto* i = find(name)->as<int64_t>()) return static_cast<double>(*i);
    wrong(name, "a number");
  }

  bool flag(std::string_view name, bool otherwise) const {
    if (!given(name)) return otherwise;
    if (const auto* b = find(name)->as<bool>()) return *b;
    wrong(name, "True or False");
  }

  std::string word(std::string_view name, const std::string& otherwise) const {
    if (!given(name)) return otherwise;
    if (const auto* s = find(name)->as<std::string>()) return *s;
    wrong(name, "a string");
  }

  std::vector<int64_t> integers(std::string_view name) const {
    std::vector<int64_t> out;
    if (const auto* list = required(name).as<Expression::List>()) {
      for (const auto& item : *list) {
        if (!item.as<int64_t>()) wrong(name, "integers");
        out.push_back(*item.as<int64_t>());
      }
    } else {
      out.push_back(integer(name));
    }
    return out;
  }

  // One number for all dimensions, or one for each.
  Sizes integers(std::string_view name, int64_t otherwise) const {
    return given(name) ? Sizes(integers(name)) : Sizes(otherwise);
  }

  Pair pair(std::string_view name) const {
    const std::vector<int64_t> n = integers(name);
    if (!find(name)->as<Expression::List>()) return Pair(n[0]);
    if (n.size() == 1) return Pair(n[0]);
    if (n.size() != 2) wrong(name, "one integer or two");
    return {n[0], n[1]};
  }
  Pair pair(std::string_view name, Pair otherwise) const { return given(name) ? pair(name) : otherwise; }

  // A pair in which None leaves an extent open.
  Pair open_pair(std::string_view name) const {
    const auto* list = required(name).as<Expression::List>();
    if (!list || list->size() != 2) return pair(name);
    Pair out(Pair::unset, Pair::unset);
    for (size_t i = 0; i < 2; ++i) {
      if ((*list)[i].as<std::monostate>()) continue;
      if (!(*list)[i].as<int64_t>()) wrong(name, "integers or None");
      (i == 0 ? out.height : out.width) = *(*list)[i].as<int64_t>();
    }
    return out;
  }

  ConvPadding padding(std::string_view name) const {
    if (!given(name)) return 0;
    if (const auto* s = find(name)->as<std::string>()) return *s;
    return integers(name);
  }

  ImagePadding image_padding(std::string_view name) const {
    const std::vector<int64_t> n = integers(name);
    if (n.size() == 1) return ImagePadding(n[0]);
    if (n.size() != 4) wrong(name, "one integer or four");
    return {n[0], n[1], n[2], n[3]};
  }

  PaddingMode padding_mode() const {
    const std::string mode = word("padding_mode", "zeros");
    for (const PaddingMode m :
         {PaddingMode::zeros, PaddingMode::reflect, PaddingMode::replicate, PaddingMode::circular})
      if (mode == to_string(m)) return m;
    wrong("padding_mode", "'zeros', 'reflect', 'replicate' or 'circular'");
  }

 private:
  const Expression* find(std::string_view name) const {
    for (size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == name) return values_[i];
    return nullptr;
  }
  const Expression& required(std::string_view name) const {
    if (!find(name)) fail_at(column_, call_.name + " is missing the argument '" + std::string(name) + "'");
    return *find(name);
  }
  [[noreturn]] void wrong(std::string_view name, const std::string& expected) const {
    fail_at(required(name).column, call_.name + " expected " + expected + " for '" + std::string(name) + "'");
  }

  const Call& call_;
  size_t column_;
  std::vector<std::string> names_;
  std::vector<const Expression*> values_;
};

}  // namespace sconce::nn
