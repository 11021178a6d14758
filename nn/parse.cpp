#include <sconce/nn/parse.h>

#include "expression.h"
#include "layer_table.h"

namespace sconce::nn {
namespace {

std::unique_ptr<Module> build(const Expression& e);

Sequential build_sequential(const Expression& e) {
  const auto& call = *e.call();
  Sequential out;
  // OrderedDict([("name", layer), ...])
  const auto* dict = call.arguments.size() == 1 ? call.arguments[0].second.call() : nullptr;
  if (dict && dict->name == "OrderedDict") {
    const auto* items =
        dict->arguments.size() == 1 ? dict->arguments[0].second.as<Expression::List>() : nullptr;
    if (!items) fail_at(e.column, "expected OrderedDict([(\"name\", layer), ...])");
    for (const auto& item : *items) {
      const auto* both = item.as<Expression::List>();
      if (!both || both->size() != 2 || !(*both)[0].as<std::string>())
        fail_at(item.column, "expected (\"name\", layer)");
      out.push_back(*(*both)[0].as<std::string>(), build((*both)[1]));
    }
    return out;
  }
  for (const auto& [name, value] : call.arguments) {
    if (!name.empty()) fail_at(value.column, "Sequential got an unexpected keyword argument '" + name + "'");
    out.push_back(build(value));
  }
  for (const auto& [name, value] : call.entries) out.push_back(name, build(value));
  return out;
}

std::unique_ptr<Module> build(const Expression& e) {
  const auto* call = e.call();
  if (!call) fail_at(e.column, "expected a layer, such as ReLU(),");
  if (call->name == "Sequential") return std::make_unique<Sequential>(build_sequential(e));
  if (auto layer = make_layer(e)) return layer;
  fail_at(e.column, "unknown layer \"" + call->name + "\" (known: Sequential, " + layer_names() + ")");
}

}  // namespace

std::unique_ptr<Module> module_from(std::string_view expression) {
  return build(parse_expression(expression));
}

Sequential sequential_from(std::string_view expression) {
  const Expression e = parse_expression(expression);
  const auto* call = e.call();
  if (call && call->name == "Sequential") return build_sequential(e);
  Sequential out;
  out.push_back(build(e));
  return out;
}

}  // namespace sconce::nn
