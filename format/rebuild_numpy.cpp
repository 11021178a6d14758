// What numpy's own pickles make.
#include "rebuild_numpy.h"

#include "numpy_values.h"
#include "rebuild_calls.h"

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr uint64_t array_cost = 640, extent_cost = 64;

// scalar(dtype, bytes)
std::optional<Value> scalar(const RebuildCall& call) {
  if (call.args.size() != 2) return std::nullopt;
  return numpy_scalar(call.args[0], call.args[1]);
}

// _reconstruct(class, shape, typecode): its state says all; see build_numpy_array().
std::optional<Value> reconstruct(const RebuildCall& call) {
  if (!call.is(0, Kind::global)) return std::nullopt;
  return Value::object(call.args[0].as_string(), {}, Value());
}

// _frombuffer(bytes, dtype, shape, order)
std::optional<Value> from_buffer(const RebuildCall& call) {
  const Value::Items& args = call.args;
  if (args.size() != 4 || !call.is(3, Kind::string)) return std::nullopt;
  call.reader.charge(array_cost + extent_cost * args[2].size());
  auto array = numpy_array(args[2], args[1], args[3].as_string() == "F", args[0], call.torch.materialized());
  if (!array) return std::nullopt;
  return *std::move(array);
}

}  // namespace

std::span<const KnownCall> numpy_calls() {
  static constexpr KnownCall calls[] = {
      {"numpy.core.multiarray.scalar", scalar},
      {"numpy._core.multiarray.scalar", scalar},
      {"numpy.core.multiarray._reconstruct", reconstruct},
      {"numpy._core.multiarray._reconstruct", reconstruct},
      {"numpy.core.numeric._frombuffer", from_buffer},
      {"numpy._core.numeric._frombuffer", from_buffer},
  };
  return calls;
}

bool build_numpy_array(PickleReader& reader, TorchMeaning& torch, Value& target, const Value& state) {
  if (target.kind() != Kind::object || target.type_name() != "numpy.ndarray") return false;
  if (state.kind() != Kind::tuple || (state.size() != 4 && state.size() != 5)) return false;
  const size_t first = state.size() - 4;  // a version number may come before
  const bool fortran = state[first + 2].kind() == Kind::boolean && state[first + 2].as_bool();
  reader.charge(array_cost + extent_cost * state[first].size());
  auto array = numpy_array(state[first], state[first + 1], fortran, state[first + 3], torch.materialized());
  if (!array) return false;
  ValueBuilder::become(target, Value(*std::move(array)));
  return true;
}

}  // namespace sconce
