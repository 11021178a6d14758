// Names, calls and states in a PyTorch checkpoint.
#include "rebuild.h"

#include "rebuild_calls.h"
#include "rebuild_numpy.h"

namespace sconce {

using Kind = Value::Kind;

Value TorchMeaning::global(const std::string& module, const std::string& name) {
  if (module == "torch")
    if (const auto dtype = parse_dtype(name)) return *dtype;
  return Value::global(module + "." + name);
}

Value TorchMeaning::call(PickleReader& reader, const Value& callable, const Value& arguments) {
  if (callable.kind() == Kind::global)
    if (const Rebuild rebuild = find_rebuild(callable.as_string()))
      if (auto made = rebuild({reader, *this, callable, arguments.items()})) return std::move(*made);
  return PickleMeaning::call(reader, callable, arguments);
}

void TorchMeaning::build(PickleReader& reader, Value& target, const Value& state) {
  if (target.kind() == Kind::tensor) {
    // Attributes are a dict, or one before the values of __slots__; old Parameters repeat (requires_grad,
    // ..., hooks).
    const bool slots = state.kind() == Kind::tuple && state.size() == 2 && state[0].kind() == Kind::dict;
    if (state.kind() == Kind::dict || slots) ValueBuilder::set_attributes(target, slots ? state[0] : state);
    return;
  }
  if (!build_numpy_array(reader, *this, target, state)) PickleMeaning::build(reader, target, state);
}

void TorchMeaning::count_tensor() {
  if (++tensors_ > options_.budget.tensors)
    fail(ErrorKind::out_of_budget, "more than ", options_.budget.tensors, " tensors");
}

}  // namespace sconce
