// The closed list of calls that mean something in a checkpoint. A family of them is one file with a list of
// its own; rebuild_calls.cpp puts the lists together.
#pragma once
#include "pickle.h"
#include "rebuild.h"

#include <optional>
#include <span>
#include <string_view>

namespace sconce {

// callable(*args), where `callable` is the name of a function or class.
struct RebuildCall {
  PickleReader& reader;
  TorchMeaning& torch;
  const Value& callable;
  const Value::Items& args;

  bool is(size_t index, Value::Kind kind) const { return index < args.size() && args[index].kind() == kind; }
  // A list, a tuple or a set.
  bool is_sequence(size_t index) const {
    return is(index, Value::Kind::list) || is(index, Value::Kind::tuple) || is(index, Value::Kind::set);
  }
};

// What the call makes. Nothing when its arguments are of a kind that stays closed: the call is then kept as
// an object with its name. Throws ErrorKind::corrupt or unsupported when they cannot be what they should be.
using Rebuild = std::optional<Value> (*)(const RebuildCall& call);

struct KnownCall {
  std::string_view name;  // "torch._utils._rebuild_tensor_v2"
  Rebuild rebuild;
};

// The families.
std::span<const KnownCall> tensor_calls();     // rebuild_tensor.cpp
std::span<const KnownCall> torch_calls();      // rebuild_torch.cpp
std::span<const KnownCall> python_calls();     // rebuild_python.cpp
std::span<const KnownCall> numpy_calls();      // rebuild_numpy.cpp
std::span<const KnownCall> quantized_calls();  // rebuild_quantized.cpp
std::span<const KnownCall> sparse_calls();     // rebuild_sparse.cpp

// By name, from all families; null for a name outside the list.
Rebuild find_rebuild(std::string_view name);

}  // namespace sconce
