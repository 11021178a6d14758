// A computation as data: what a recorder saw, in the order it saw it. Device-neutral; each backend lowers it.
#pragma once
#include <sconce/tensor.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace sconce {

using ValueId = int32_t;  // index into Graph::values

// Stands for None inside a list of values.
inline constexpr ValueId no_value = -1;

// An argument of a node: a value of the graph, several, or a constant. monostate is None.
using Argument = std::variant<std::monostate, ValueId, std::vector<ValueId>, bool, int64_t, double,
                              std::vector<int64_t>, std::vector<double>, DType, std::string>;

// How a node's result relates to its inputs, as ATen schemas say it.
enum class Aliasing { fresh, view, write };

// One op call. Op and argument names are ATen's: "aten.conv2d.default" with input, weight, bias, stride, ...
struct Node {
  std::string op;
  std::vector<std::pair<std::string, Argument>> arguments;  // in the schema's order; defaults are written out
  std::vector<ValueId> outputs;
  Aliasing aliasing = Aliasing::fresh;
  std::string scope;  // dotted path of the module that made the call, for messages and profiles

  // The argument of this name, or null.
  const Argument* find(std::string_view name) const;
};

struct Graph {
  struct ValueInfo {
    Shape shape;
    DType dtype;
    Tensor constant;  // defined when the value is a weight or another tensor from outside
  };
  std::vector<ValueInfo> values;
  std::vector<ValueId> inputs, outputs;
  std::vector<Node> nodes;  // topologically ordered

  // One line for each input, constant and node, then the outputs:
  //   %0 = input : float32 [1, 3, 8, 8]
  //   %1 = constant : float32 [16, 3, 3, 3]
  //   %5 = aten.relu.default(self=%4) : float32 [1, 16, 8, 8]
  //   return %5
  std::string str() const;
};

// While one lives, the ops of this thread append nodes to its graph and return shape-only tensors (Device::meta) instead of
// computing. Not nested: constructing a second one on a thread throws ErrorKind::invalid_argument.
class Recorder {
 public:
  // An argument as the ops give it; an undefined Tensor records None.
  using Input = std::variant<std::monostate, Tensor, std::vector<Tensor>, bool, int64_t, double,
                             std::vector<int64_t>, std::vector<double>, DType, std::string>;
  using Inputs = std::vector<std::pair<std::string, Input>>;

  Recorder();
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The one of this thread, or null. Ops ask this first.
  static Recorder* active();

  // A graph input of this shape and dtype.
  Tensor input(const Shape& shape, DType dtype);
  // Marks a result of the whole graph. Throws ErrorKind::invalid_argument on an undefined tensor.
  void output(const Tensor& tensor);
  // Appends a node with one result and returns the tensor that stands for it. Tensors are recognised by identity
  // (Tensor::is_same_view): results of this recorder are its values, real tensors become constants, each once. Throws
  // ErrorKind::invalid_argument on a tensor without data that this recorder did not give.
  Tensor record(std::string op, Inputs inputs, const Shape& shape, DType dtype,
                Aliasing aliasing = Aliasing::fresh);
  // The same with several results.
  std::vector<Tensor> record(std::string op, Inputs inputs,
                             const std::vector<std::pair<Shape, DType>>& results,
                             Aliasing aliasing = Aliasing::fresh);
  // Names the module whose calls follow; modules push and pop while they run.
  void push_scope(std::string_view name);
  void pop_scope();

  const Graph& graph() const { return graph_; }
  // The graph itself; the recorder keeps none.
  Graph take() && { return std::move(graph_); }

 private:
  ValueId value_of(const Tensor& tensor);
  Argument argument_of(const Input& input);
  Tensor new_value(const Shape& shape, DType dtype);
  Graph graph_;
  std::unordered_map<const void*, std::vector<std::pair<Tensor, ValueId>>> known_;  // by storage id
  std::vector<std::string> scopes_;
};

}  // namespace sconce
