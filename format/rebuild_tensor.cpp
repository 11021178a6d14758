// What the functions that PyTorch saves tensors with make.
#include "rebuild_tensor.h"

#include "rebuild_arguments.h"

namespace sconce {
namespace {

using Kind = Value::Kind;

// The storage under a tensor's `metadata`, which says whether its numbers are to be conjugated or negated.
Storage with_metadata(const RebuildCall& call, const NamedStorage& named, DType dtype,
                      const Value& metadata) {
  if (metadata.kind() != Kind::dict) return named.storage;
  for (const auto& [key, value] : metadata.pairs())
    if (key.kind() != Kind::string || (key.as_string() != "conj" && key.as_string() != "neg"))
      fail(ErrorKind::unsupported, "a tensor with metadata ", key.repr(60), ", which Sconce does not know");
  const bool conjugate = flag(metadata, "conj"), negate = flag(metadata, "neg");
  if (!conjugate && !negate) return named.storage;
  return call.torch.storages().flipped(named.storage, dtype, conjugate, negate);
}

// v1 (storage, offset, size, stride); v2 adds requires_grad, hooks [, metadata]; v3 adds dtype before the
// metadata.
Value tensor(const RebuildCall& call, int version) {
  constexpr size_t least[] = {4, 6, 7}, most[] = {4, 7, 8};
  const Value::Items& args = call.args;
  const auto v = static_cast<size_t>(version - 1);
  expect_count("_rebuild_tensor", args, least[v], most[v]);
  NamedStorage& named = counted_storage(call, args[0]);
  DType dtype = named.dtype;
  if (version == 3) {
    if (args[6].kind() != Kind::dtype)
      fail(ErrorKind::unsupported, "a tensor of dtype ", args[6].repr(60), ", which Sconce does not know");
    dtype = args[6].as_dtype();
  }
  const size_t metadata = version == 1 ? 4 : version == 2 ? 6 : 7;
  return strided(call, named, dtype,
                 args.size() > metadata ? with_metadata(call, named, dtype, args[metadata]) : named.storage);
}

std::optional<Value> tensor_v1(const RebuildCall& call) { return tensor(call, 1); }
std::optional<Value> tensor_v2(const RebuildCall& call) { return tensor(call, 2); }
std::optional<Value> tensor_v3(const RebuildCall& call) { return tensor(call, 3); }

// (data, requires_grad, hooks)
std::optional<Value> parameter(const RebuildCall& call) {
  expect_count("_rebuild_parameter", call.args, 2, 4);
  return call.args[0];
}

// (data, requires_grad, hooks, state)
std::optional<Value> parameter_with_state(const RebuildCall& call) {
  const Value::Items& args = call.args;
  expect_count("_rebuild_parameter_with_state", args, 3, 5);
  if (args.size() <= 3 || !is_any_tensor(args[0]) || args[3].is_none()) return args[0];
  return args[0].with_attributes(attributes_of(args[3]));
}

// (dtype, size, stride, requires_grad)
std::optional<Value> meta_tensor(const RebuildCall& call) {
  const Value::Items& args = call.args;
  expect_count("_rebuild_meta_tensor_no_storage", args, 3, 4);
  if (!call.is(0, Kind::dtype)) fail(ErrorKind::corrupt, "expected a dtype, got ", args[0].type_name());
  const auto size = counts_of(args[1], "size"), stride = counts_of(args[2], "stride");
  const DType dtype = args[0].as_dtype();
  int64_t nbytes = 0;
  if (!checked_multiply(reach_of(size, stride, 0), static_cast<int64_t>(size_of(dtype)), nbytes))
    fail(ErrorKind::corrupt, "a tensor of shape ", Shape(size), " does not fit 64 bits");
  return Tensor(Storage::allocate(static_cast<size_t>(nbytes), meta), dtype, Shape(size), stride);
}

// (data, dtype, device, requires_grad): a tensor of another device, saved as one of the CPU or as a numpy
// array, perhaps with wider numbers.
std::optional<Value> from_cpu_tensor(const RebuildCall& call) {
  if (!call.is(0, Kind::tensor) || !call.is(1, Kind::dtype)) return std::nullopt;
  const Tensor& data = call.args[0].as_tensor();
  if (data.dtype() == call.args[1].as_dtype()) return call.args[0];
  return cast_later(call, data, call.args[1].as_dtype());
}

// (class, dtype, size, stride, offset, layout, device, requires_grad): a tensor whose numbers lie in the
// tensors of its state, in a way that its class knows.
std::optional<Value> wrapper_subclass(const RebuildCall& call) {
  expect_count("_rebuild_wrapper_subclass", call.args, 8, 8);
  if (!call.is(0, Kind::global)) return std::nullopt;
  return Value::object(call.args[0].as_string(), Value::Items(call.args.begin() + 1, call.args.end()),
                       Value());
}

// Parameter(data)
std::optional<Value> wrapped(const RebuildCall& call) {
  if (call.args.empty() || !is_any_tensor(call.args[0])) return std::nullopt;
  return call.args[0];
}

// (function, type, arguments, state): any tensor with attributes of its own, or of a subclass.
std::optional<Value> from_type(const RebuildCall& call) {
  const Value::Items& args = call.args;
  expect_count("_rebuild_from_type_v2", args, 4, 4);
  const Value& function = args[0];
  if (function.kind() != Kind::global || args[2].kind() != Kind::tuple)
    fail(ErrorKind::corrupt, "expected a function and its arguments, got ", function.type_name(), " and ",
         args[2].type_name());
  const Value::Items& inner = args[2].items();
  const Rebuild rebuild = find_rebuild(function.as_string());
  // Never calls itself, so that nothing in the file decides how deep this goes.
  const auto made =
      rebuild && rebuild != from_type ? rebuild({call.reader, call.torch, function, inner}) : std::nullopt;
  if (!made) return Value::object(function.as_string(), inner, args[3]);
  const Value attributes = attributes_of(args[3]);
  if (is_any_tensor(*made)) return attributes.is_none() ? *made : made->with_attributes(attributes);
  const bool is_fresh = inner.empty() || made->node() != inner[0].node();
  Value object = *made;
  if (object.kind() == Kind::object && is_fresh && object.state().is_none())
    ValueBuilder::set_state(object, args[3]);
  return object;
}

}  // namespace

NamedStorage& counted_storage(const RebuildCall& call, const Value& v) {
  call.torch.count_tensor();
  NamedStorage* named = call.torch.storages().find(v);
  if (!named) fail(ErrorKind::corrupt, "expected a storage for a tensor, got ", v.type_name());
  return *named;
}

Tensor strided(const RebuildCall& call, NamedStorage& named, DType dtype, const Storage& bytes) {
  const Value::Items& args = call.args;
  const int64_t offset = count_of(args[1], "a storage offset");
  call.reader.charge(64 * (args[2].size() + args[3].size()));
  auto size = counts_of(args[2], "size"), stride = counts_of(args[3], "stride");
  const auto item = static_cast<int64_t>(size_of(dtype));
  const int64_t available = named.numel * static_cast<int64_t>(size_of(named.dtype)) / item;
  const int64_t needed = reach_of(size, stride, offset);
  if (needed > available)
    fail(ErrorKind::corrupt, "a tensor of shape ", Shape(size), ", strides ", Shape(stride), " and offset ",
         offset, " needs ", needed, " elements of ", name_of(dtype), ", its storage has ", available);
  NamedStorages::set_swap_unit(named, dtype);
  const int64_t base = named.offset * static_cast<int64_t>(size_of(named.dtype)) / item;
  const int64_t begin = size.empty() || needed > 0 ? base + offset : 0;
  return {bytes, dtype, Shape(std::move(size)), std::move(stride), begin};
}

Tensor cast_later(const RebuildCall& call, const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  if (!is_numeric(tensor.dtype()) || !is_numeric(dtype))
    fail(ErrorKind::unsupported, "a tensor of dtype ", name_of(tensor.dtype()), " saved as ", name_of(dtype));
  int64_t nbytes = 0;
  if (!checked_multiply(tensor.numel(), static_cast<int64_t>(size_of(dtype)), nbytes))
    fail(ErrorKind::corrupt, "a tensor of shape ", tensor.shape(), " does not fit 64 bits");
  const auto size = static_cast<size_t>(nbytes);
  if (tensor.device() == meta) return {Storage::allocate(size, meta), dtype, tensor.shape()};
  call.reader.charge(512);
  return {Storage::deferred(size,
                            [tensor, dtype, size, budget = call.torch.shared_materialized()] {
                              budget->charge(size);
                              const Storage made = tensor.to(dtype).contiguous().storage();
                              return std::shared_ptr<void>(std::make_shared<Storage>(made), made.data());
                            }),
          dtype, tensor.shape()};
}

std::span<const KnownCall> tensor_calls() {
  static constexpr KnownCall calls[] = {
      {"torch._utils._rebuild_tensor", tensor_v1},
      {"torch._utils._rebuild_tensor_v2", tensor_v2},
      {"torch._utils._rebuild_tensor_v3", tensor_v3},
      {"torch._utils._rebuild_parameter", parameter},
      {"torch._utils._rebuild_parameter_with_state", parameter_with_state},
      {"torch._utils._rebuild_parameter_v2", parameter_with_state},
      {"torch._tensor._rebuild_from_type_v2", from_type},
      {"torch.tensor._rebuild_from_type_v2", from_type},
      {"torch._tensor._rebuild_from_type", from_type},
      {"torch.tensor._rebuild_from_type", from_type},
      {"torch._utils._rebuild_meta_tensor_no_storage", meta_tensor},
      {"torch._utils._rebuild_device_tensor_from_cpu_tensor", from_cpu_tensor},
      {"torch._utils._rebuild_device_tensor_from_numpy", from_cpu_tensor},
      {"torch._utils._rebuild_xla_tensor", from_cpu_tensor},
      {"torch._utils._rebuild_wrapper_subclass", wrapper_subclass},
      {"torch.nn.parameter.Parameter", wrapped},
      {"torch.nn.parameter.Buffer", wrapped},
      {"torch.autograd.variable.Variable", wrapped},
  };
  return calls;
}

}  // namespace sconce
