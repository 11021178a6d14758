// Printing a graph and looking things up in it.
#include <sconce/graph.h>

#include <sstream>

namespace sconce {
namespace {

struct ArgumentPrinter {
  std::ostream& out;

  void operator()(std::monostate) const { out << "None"; }
  void operator()(ValueId id) const {
    if (id == no_value)
      out << "None";
    else
      out << '%' << id;
  }
  void operator()(bool v) const { out << (v ? "True" : "False"); }
  void operator()(int64_t v) const { out << v; }
  void operator()(double v) const { out << v; }
  void operator()(DType v) const { out << name_of(v); }
  void operator()(const std::string& v) const { out << '\'' << v << '\''; }
  template <class T>
  void operator()(const std::vector<T>& list) const {
    out << '[';
    for (size_t i = 0; i < list.size(); ++i) {
      if (i) out << ", ";
      (*this)(list[i]);
    }
    out << ']';
  }
};

void print_type(std::ostream& out, const Graph::ValueInfo& value) {
  out << " : " << name_of(value.dtype) << ' ' << value.shape;
}

void print_node(std::ostream& out, const Graph& graph, const Node& node) {
  for (size_t i = 0; i < node.outputs.size(); ++i) out << (i ? ", %" : "%") << node.outputs[i];
  out << " = " << node.op << '(';
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    out << (i ? ", " : "") << node.arguments[i].first << '=';
    std::visit(ArgumentPrinter{out}, node.arguments[i].second);
  }
  out << ')';
  for (ValueId id : node.outputs) print_type(out, graph.values[static_cast<size_t>(id)]);
  if (node.aliasing == Aliasing::view) out << "  (view)";
  if (node.aliasing == Aliasing::write) out << "  (write)";
  if (!node.scope.empty()) out << "  # " << node.scope;
  out << '\n';
}

}  // namespace

const Argument* Node::find(std::string_view name) const {
  for (const auto& argument : arguments)
    if (argument.first == name) return &argument.second;
  return nullptr;
}

std::string Graph::str() const {
  std::ostringstream out;
  for (ValueId id : inputs) {
    out << '%' << id << " = input";
    print_type(out, values[static_cast<size_t>(id)]);
    out << '\n';
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].constant.defined()) continue;
    out << '%' << i << " = constant";
    print_type(out, values[i]);
    out << '\n';
  }
  for (const Node& node : nodes) print_node(out, *this, node);
  out << "return";
  for (size_t i = 0; i < outputs.size(); ++i) out << (i ? ", %" : " %") << outputs[i];
  out << '\n';
  return std::move(out).str();
}

}  // namespace sconce
