// Names, calls and states in a PyTorch checkpoint.
#include "rebuild.h"

#include "rebuild_arguments.h"
#include "rebuild_calls.h"
#include "rebuild_numpy.h"

namespace sconce {

using Kind = Value::Kind;

Value TorchMeaning::global(const std::string& module, const std::string& name) {
  if (module == "torch")
    if (const auto dtype = parse_dtype(name)) return *dtype;
  return Value::global(module + "." + name);
}

// A pickle calls the same few names again and again, by the same value.
Rebuild TorchMeaning::rebuild_of(const Value& callable) {
  constexpr size_t most = 8;
  for (const auto& [known, rebuild] : recent_)
    if (known.node() == callable.node()) return rebuild;
  const Rebuild found = find_rebuild(callable.as_string());
  if (recent_.size() < most) recent_.emplace_back(callable, found);
  return found;
}

Value TorchMeaning::call(PickleReader& reader, const Value& callable, const Value& arguments) {
  if (callable.kind() == Kind::global)
    if (const Rebuild rebuild = rebuild_of(callable))
      if (auto made = rebuild({reader, *this, callable, arguments.items()})) return std::move(*made);
  return PickleMeaning::call(reader, callable, arguments);
}

void TorchMeaning::build(PickleReader& reader, Value& target, const Value& state) {
  if (is_any_tensor(target)) {  // old Parameters repeat (requires_grad, ..., hooks)
    if (const Value attributes = attributes_of(state); !attributes.is_none())
      ValueBuilder::set_attributes(target, attributes);
    return;
  }
  // PyTorch up to 0.2 made an empty Parameter and gave it its tensor with the state (data, requires_grad, ...).
  if (target.kind() == Kind::object && state.kind() == Kind::tuple && state.size() >= 3 &&
      is_any_tensor(state[0]) &&
      (target.type_name() == "torch.nn.parameter.Parameter" ||
       target.type_name() == "torch.autograd.variable.Variable"))
    return ValueBuilder::become(target, state[0]);
  if (!build_numpy_array(reader, *this, target, state)) PickleMeaning::build(reader, target, state);
}

void TorchMeaning::count_tensor() {
  if (++tensors_ > options_.budget.tensors)
    fail(ErrorKind::out_of_budget, "more than ", options_.budget.tensors, " tensors");
}

void TorchMeaning::after_reading(std::string path, std::function<void()> check) {
  after_reading_.emplace_back(std::move(path), std::move(check));
}

void TorchMeaning::finish() {
  const auto checks = std::move(after_reading_);
  after_reading_.clear();
  for (const auto& [path, check] : checks) {
    try {
      check();
    } catch (Error& e) {
      throw e.at_key(path);
    }
  }
}

}  // namespace sconce
