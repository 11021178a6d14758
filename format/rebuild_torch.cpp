// What calls of PyTorch's small classes make: sizes, devices, layouts.
#include "rebuild_arguments.h"
#include "rebuild_calls.h"

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr uint64_t size_cost = 32;

std::optional<Value> size(const RebuildCall& call) {
  if (call.args.empty()) return Value::size({});
  if (call.args.size() != 1) return std::nullopt;
  call.reader.charge(call.args[0].size() * size_cost);
  return Value::size(counts_of(call.args[0], "size"));
}

// device("cuda", 0)
std::optional<Value> device(const RebuildCall& call) {
  if (!call.is(0, Kind::string)) return std::nullopt;
  std::string text = call.args[0].as_string();
  if (call.is(1, Kind::integer)) text += ':' + std::to_string(call.args[1].as_int());
  try {
    return Device::parse(text);
  } catch (const Error&) {
    return std::nullopt;  // mps, xla and others that Sconce has no name for
  }
}

// _get_layout("torch.strided")
std::optional<Value> layout(const RebuildCall& call) {
  if (!call.is(0, Kind::string) || call.args.size() != 1) return std::nullopt;
  return Value::global(call.args[0].as_string());
}

// build_intlist([1, 2]) and restore_type_tag(value, "List[int]"), by which TorchScript notes types: the value itself.
std::optional<Value> typed(const RebuildCall& call) {
  if (call.args.empty() || call.args.size() > 2) return std::nullopt;
  return call.args[0];
}

}  // namespace

std::span<const KnownCall> torch_calls() {
  static constexpr KnownCall calls[] = {
      {"torch.Size", size},
      {"torch.device", device},
      {"torch.serialization._get_layout", layout},
      {"torch.jit._pickle.build_intlist", typed},
      {"torch.jit._pickle.build_doublelist", typed},
      {"torch.jit._pickle.build_boollist", typed},
      {"torch.jit._pickle.build_tensorlist", typed},
      {"torch.jit._pickle.restore_type_tag", typed},
  };
  return calls;
}

}  // namespace sconce
