// Finding a node's op and running it, and what passes have fused around it.
#include "graph/interpret.h"

#include <sconce/error.h>
#include <sconce/ops.h>

#include <unordered_map>

#include "graph/interpret_call.h"
#include "graph/passes/fused.h"

namespace sconce {

using namespace interpreter;

namespace {

using Table = std::unordered_map<std::string_view, Results (*)(const Call&)>;

const Table& ops_by_name() {
  static const Table all = [] {
    Table t;
    for (const auto& entries : {elementwise_entries(), network_entries(), view_entries(), array_entries()})
      for (const interpreter::Entry& entry : entries) t.emplace(entry.op, entry.run);
    return t;
  }();
  return all;
}

}  // namespace

bool can_interpret(std::string_view op) { return ops_by_name().contains(op); }

std::vector<Tensor> interpret(const Node& node, const std::function<Tensor(ValueId)>& tensor_of) {
  const auto found = ops_by_name().find(node.op);
  if (found == ops_by_name().end())
    fail(ErrorKind::unsupported, "[prepare] the op ", node.op, node.scope.empty() ? "" : " of ", node.scope,
         " is not known");
  const auto run = [&](const Node& n, const std::function<Tensor(ValueId)>& of) {
    return found->second(Call(n, of));
  };
  std::vector<Tensor> results = is_fused(node) ? interpret_fused(node, tensor_of, run) : run(node, tensor_of);
  if (results.size() != node.outputs.size())
    fail(ErrorKind::invalid_argument, "[", node.op, "] expected ", results.size(), " results, got ",
         node.outputs.size());
  return results;
}

std::vector<Tensor> interpret(const Graph& graph, const std::vector<Tensor>& inputs,
                              const std::function<void(const Node&, ValueId, const Tensor&)>& watch) {
  check(inputs.size() == graph.inputs.size(), "[interpret] expected ", graph.inputs.size(), " inputs, got ",
        inputs.size());
  std::vector<Tensor> values(graph.values.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = graph.values[i].constant;
  for (size_t i = 0; i < inputs.size(); ++i) values[static_cast<size_t>(graph.inputs[i])] = inputs[i];
  const std::function<Tensor(ValueId)> tensor_of = [&](ValueId id) {
    return values[static_cast<size_t>(id)];
  };
  for (const Node& node : graph.nodes) {
    std::vector<Tensor> results = interpret(node, tensor_of);
    for (size_t i = 0; i < results.size(); ++i) {
      const ValueId id = node.outputs[i];
      values[static_cast<size_t>(id)] = std::move(results[i]);
      if (watch) watch(node, id, values[static_cast<size_t>(id)]);
    }
  }
  std::vector<Tensor> outputs;
  outputs.reserve(graph.outputs.size());
  for (ValueId id : graph.outputs) outputs.push_back(tensor_of(id));
  return outputs;
}

}  // namespace sconce
