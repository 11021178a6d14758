// Constant factors of channels, and zeros around an image, as part of the convolution or linear beside them.
#include "graph/node_arguments.h"
#include "graph/passes/fused.h"
#include "graph/passes/passes.h"
#include "graph/uses.h"

namespace sconce {
namespace {

// The constant's elements if it varies along dimension d of a value of `shape` only, and has as many.
std::vector<double> along_dimension(const Tensor& constant, const Shape& shape, int64_t d) {
  const int64_t lead = shape.dim() - constant.dim();
  if (lead < 0 || constant.numel() != shape[d] || constant.dtype() != DType::f32) return {};
  for (int64_t i = 0; i < constant.dim(); ++i)
    if (i + lead != d && constant.size(i) != 1) return {};
  return doubles_of(constant);
}

}  // namespace

size_t fold_channel_scales(Graph& graph) {
  size_t changed = 0;
  std::vector<bool> removed(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (graph.nodes[n].op != "aten.mul.Tensor" || graph.nodes[n].find("activation")) continue;
    const Uses uses(graph);
    const NodeArguments a(graph.nodes[n]);
    ValueId x = a.value("self"), factor = a.value("other");
    if (constant_of(graph, x).defined()) std::swap(x, factor);
    const Tensor& constant = constant_of(graph, factor);
    if (!constant.defined() || constant_of(graph, x).defined() ||
        shape_of(graph, x) != shape_of(graph, graph.nodes[n].outputs[0]))
      continue;
    if (uses.producer(x) < 0 || !uses.has_one_reader(x)) continue;
    // Perhaps behind a permutation, as in ConvNeXt.
    Node* permutation = &graph.nodes[static_cast<size_t>(uses.producer(x))];
    Node* maker = permutation;
    std::vector<int64_t> dims;
    if (permutation->op == "aten.permute.default") {
      const ValueId inner = NodeArguments(*permutation).value("self");
      if (uses.producer(inner) < 0 || !uses.has_one_reader(inner)) continue;
      maker = &graph.nodes[static_cast<size_t>(uses.producer(inner))];
      dims = NodeArguments(*permutation).ints("dims");
    }
    if (!has_weights(graph, *maker) || maker->find("residual") || maker->find("activation")) continue;
    const int64_t rank = shape_of(graph, x).dim(), own = is_linear(*maker) ? rank - 1 : 1;
    int64_t d = own;
    for (size_t i = 0; i < dims.size(); ++i)
      if (shape_of(graph, x).wrap(dims[i]) == own) d = static_cast<int64_t>(i);
    const std::vector<double> scale = along_dimension(constant, shape_of(graph, x), d);
    if (scale.empty()) continue;
    scale_weights(graph, *maker, scale, {});
    if (dims.empty()) {
      maker->outputs = graph.nodes[n].outputs;
    } else {
      // The value in between is another one now.
      const Shape inner = shape_of(graph, maker->outputs[0]);
      maker->outputs = {add_value(graph, inner, DType::f32)};
      set_argument(*permutation, "self", maker->outputs[0]);
      permutation->outputs = graph.nodes[n].outputs;
    }
    removed[n] = true;
    graph.nodes[n].arguments.clear(), graph.nodes[n].outputs.clear();
    ++changed;
  }
  remove_nodes(graph, removed);
  return changed;
}

size_t fold_pads(Graph& graph) {
  const Uses uses(graph);
  size_t changed = 0;
  std::vector<bool> removed(graph.nodes.size(), false);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (node.op != "aten.pad.default" || !uses.has_one_reader(node.outputs[0])) continue;
    const NodeArguments a(node);
    Node& reader = graph.nodes[static_cast<size_t>(uses.readers(node.outputs[0])[0])];
    if (reader.op != "aten.conv2d.default" || !has_weights(graph, reader) ||
        NodeArguments(reader).value("input") != node.outputs[0])
      continue;
    const std::vector<int64_t> pad = a.ints("pad");
    const bool zeros = a.text("mode") == "constant" && (a.is_none("value") || a.number("value") == 0);
    const bool even = pad.size() == 4 && pad[0] == pad[1] && pad[2] == pad[3] && pad[0] >= 0 && pad[2] >= 0;
    if (!zeros || !even) continue;
    const std::vector<int64_t> own = NodeArguments(reader).ints("padding");
    set_argument(reader, "padding", std::vector<int64_t>{own[0] + pad[2], own.back() + pad[0]});
    set_argument(reader, "input", a.value("self"));
    removed[n] = true;
    ++changed;
  }
  remove_nodes(graph, removed);
  return changed;
}

}  // namespace sconce
