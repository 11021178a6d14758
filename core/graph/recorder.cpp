// Turns the ops of a thread into the nodes of a graph.
#include <sconce/error.h>
#include <sconce/graph.h>

namespace sconce {
namespace {

thread_local Recorder* active_recorder = nullptr;

}  // namespace

Recorder::Recorder() {
  check(!active_recorder, "[Recorder] this thread is recording already");
  active_recorder = this;
}

Recorder::~Recorder() {
  if (active_recorder == this) active_recorder = nullptr;
}

Recorder* Recorder::active() { return active_recorder; }

// Each value has a storage of its own, whose address is its identity; `known_` keeps it alive, so no other
// storage can take that address while this recorder lives.
Tensor Recorder::new_value(const Shape& shape, DType dtype) {
  int64_t nbytes = 0;
  check(checked_multiply(shape.numel(), static_cast<int64_t>(size_of(dtype)), nbytes),
        "[Recorder] the bytes of shape ", shape, " do not fit 64 bits");
  Tensor tensor(Storage::allocate(static_cast<size_t>(nbytes), meta), dtype, shape);
  known_[tensor.storage().id()].emplace_back(tensor, static_cast<ValueId>(graph_.values.size()));
  graph_.values.push_back({shape, dtype, {}});
  return tensor;
}

Tensor Recorder::input(const Shape& shape, DType dtype) {
  Tensor tensor = new_value(shape, dtype);
  graph_.inputs.push_back(static_cast<ValueId>(graph_.values.size() - 1));
  return tensor;
}

void Recorder::output(const Tensor& tensor) {
  check(tensor.defined(), "[Recorder] expected a tensor as output, got none");
  graph_.outputs.push_back(value_of(tensor));
}

ValueId Recorder::value_of(const Tensor& tensor) {
  if (!tensor.defined()) return no_value;
  auto& same_storage = known_[tensor.storage().id()];
  for (const auto& entry : same_storage)
    if (entry.first.is_same_view(tensor)) return entry.second;
  check(tensor.device() != meta, "[Recorder] the tensor of shape ", tensor.shape(),
        " on device meta is no value of this recording");
  const auto id = static_cast<ValueId>(graph_.values.size());
  same_storage.emplace_back(tensor, id);
  graph_.values.push_back({tensor.shape(), tensor.dtype(), tensor});
  return id;
}

Argument Recorder::argument_of(const Input& input) {
  return std::visit(
      [this](const auto& value) -> Argument {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Tensor>) {
          if (!value.defined()) return std::monostate{};
          return value_of(value);
        } else if constexpr (std::is_same_v<T, std::vector<Tensor>>) {
          std::vector<ValueId> ids;
          ids.reserve(value.size());
          for (const Tensor& tensor : value) ids.push_back(value_of(tensor));
          return ids;
        } else {
          return value;
        }
      },
      input);
}

std::vector<Tensor> Recorder::record(std::string op, Inputs inputs,
                                     const std::vector<std::pair<Shape, DType>>& results, Aliasing aliasing) {
  Node node;
  node.op = std::move(op);
  node.aliasing = aliasing;
  node.arguments.reserve(inputs.size());
  for (auto& input : inputs) node.arguments.emplace_back(std::move(input.first), argument_of(input.second));
  for (const std::string& scope : scopes_) node.scope += (node.scope.empty() ? "" : ".") + scope;
  std::vector<Tensor> tensors;
  for (const auto& result : results) {
    node.outputs.push_back(static_cast<ValueId>(graph_.values.size()));
    tensors.push_back(new_value(result.first, result.second));
  }
  graph_.nodes.push_back(std::move(node));
  return tensors;
}

Tensor Recorder::record(std::string op, Inputs inputs, const Shape& shape, DType dtype, Aliasing aliasing) {
  return record(std::move(op), std::move(inputs), std::vector<std::pair<Shape, DType>>{{shape, dtype}},
                aliasing)[0];
}

void Recorder::push_scope(std::string_view name) { scopes_.emplace_back(name); }

void Recorder::pop_scope() {
  if (!scopes_.empty()) scopes_.pop_back();
}

}  // namespace sconce
