// The closed list of names that mean something, and what each makes of its arguments.
#include "rebuild.h"

#include "numpy_values.h"
#include "pickle_text.h"

#include <sconce/backend.h>

#include <algorithm>
#include <cstring>

namespace sconce {

enum class TorchMeaning::Call : uint8_t {
  tensor,
  tensor_v2,
  tensor_v3,
  parameter,
  parameter_with_state,
  from_type,
  meta_tensor,
  from_cpu_tensor,
  wrapped,
  size,
  device,
  layout,
  ordered_dict,
  counter,
  default_dict,
  set,
  bytes,
  byte_array,
  complex,
  encode,
  reconstructor,
  new_object,
  numpy_scalar,
  numpy_reconstruct,
  numpy_from_buffer,
};

namespace {

using Kind = Value::Kind;

// The element dtype of a storage class: "torch.FloatStorage", "torch.cuda.HalfStorage".
struct StorageClass {
  DType dtype = DType::u8;
  bool untyped = false;
};

std::optional<StorageClass> storage_class(const Value& v) {
  if (v.kind() != Kind::global) return std::nullopt;
  std::string_view name = v.as_string();
  for (std::string_view module : {"torch.cuda.", "torch.storage.", "torch."})
    if (name.substr(0, module.size()) == module) {
      name.remove_prefix(module.size());
      break;
    }
  static const std::unordered_map<std::string_view, StorageClass> classes = {
      {"DoubleStorage", {DType::f64}},
      {"FloatStorage", {DType::f32}},
      {"HalfStorage", {DType::f16}},
      {"BFloat16Storage", {DType::bf16}},
      {"LongStorage", {DType::i64}},
      {"IntStorage", {DType::i32}},
      {"ShortStorage", {DType::i16}},
      {"CharStorage", {DType::i8}},
      {"ByteStorage", {DType::u8}},
      {"BoolStorage", {DType::boolean}},
      {"ComplexFloatStorage", {DType::complex64}},
      {"ComplexDoubleStorage", {DType::complex128}},
      {"QInt8Storage", {DType::qint8}},
      {"QUInt8Storage", {DType::quint8}},
      {"QInt32Storage", {DType::qint32}},
      {"QUInt4x2Storage", {DType::quint4x2}},
      {"QUInt2x4Storage", {DType::quint2x4}},
      {"UntypedStorage", {DType::u8, true}},
      {"_UntypedStorage", {DType::u8, true}},
      {"TypedStorage", {DType::u8, true}},
      {"_TypedStorage", {DType::u8, true}}};
  const auto found = classes.find(name);
  if (found == classes.end()) return std::nullopt;
  return found->second;
}

const std::string& text_of(const Value& v, const char* what) {
  if (v.kind() != Kind::string && v.kind() != Kind::bytes)
    fail(ErrorKind::corrupt, "expected ", what, " as text, got ", v.type_name());
  return v.as_string();
}

int64_t count_of(const Value& v, const char* what) {
  if (v.kind() != Kind::integer)
    fail(ErrorKind::corrupt, "expected ", what, " as an int, got ", v.type_name());
  if (v.as_int() < 0) fail(ErrorKind::corrupt, "expected ", what, " of at least 0, got ", v.as_int());
  return v.as_int();
}

std::vector<int64_t> counts_of(const Value& v, const char* what) {
  if (v.kind() != Kind::tuple && v.kind() != Kind::size && v.kind() != Kind::list)
    fail(ErrorKind::corrupt, "expected ", what, " as a tuple, got ", v.type_name());
  std::vector<int64_t> out;
  out.reserve(v.items().size());
  for (const Value& item : v.items()) out.push_back(count_of(item, what));
  return out;
}

void expect_count(const char* what, const Value::Items& arguments, size_t least, size_t most) {
  if (arguments.size() < least || arguments.size() > most)
    fail(ErrorKind::corrupt, "[", what, "] expected ", least, least == most ? "" : " or more",
         " arguments, got ", arguments.size());
}

// 1 + the largest element index of a strided view, 0 without elements. Throws when that leaves 64 bits.
int64_t reach_of(const std::vector<int64_t>& size, const std::vector<int64_t>& stride, int64_t offset) {
  if (size.size() != stride.size())
    fail(ErrorKind::corrupt, "a tensor with ", size.size(), " extents and ", stride.size(), " strides");
  int64_t numel = 1, last = offset;
  bool overflow = false;
  for (size_t d = 0; d < size.size(); ++d) {
    if (size[d] == 0) return 0;
    int64_t step = 0;
    overflow |= !checked_multiply(numel, size[d], numel) || !checked_multiply(size[d] - 1, stride[d], step) ||
                !checked_add(last, step, last);
  }
  if (overflow || !checked_add(last, 1, last))
    fail(ErrorKind::corrupt, "a tensor of shape ", Shape(size), " and strides ", Shape(stride),
         " does not fit 64 bits");
  return last;
}

bool flag(const Value& dict, std::string_view name) {
  const Value* v = dict.find(name);
  return v && v->kind() == Kind::boolean && v->as_bool();
}

Value closed(const Value& callable, const Value& arguments) {
  return Value::object(callable.as_string(), arguments.items(), Value());
}

}  // namespace

void swap_bytes(void* data, uint64_t nbytes, size_t unit) {
  auto* at = static_cast<char*>(data);
  if (unit < 2) return;
  for (uint64_t i = 0; i + unit <= nbytes; i += unit) std::reverse(at + i, at + i + unit);
}

void check_bools(const void* data, size_t nbytes) {
  const auto* from = static_cast<const unsigned char*>(data);
  const auto* bad = std::find_if(from, from + nbytes, [](unsigned char c) { return c > 1; });
  if (bad != from + nbytes)
    fail(ErrorKind::corrupt, "expected 0 and 1 in a bool tensor, got ", static_cast<int>(*bad), " at byte ",
         bad - from);
}

size_t number_size(DType dtype) { return is_complex(dtype) ? size_of(dtype) / 2 : size_of(dtype); }

TorchMeaning::TorchMeaning(StorageSource& source, const LoadOptions& options)
    : source_(source), options_(options) {}

// ---- names ----

Value TorchMeaning::global(const std::string& module, const std::string& name) {
  if (module == "torch")
    if (const auto dtype = parse_dtype(name)) return *dtype;
  return Value::global(module + "." + name);
}

const std::unordered_map<std::string_view, TorchMeaning::Call>& TorchMeaning::calls() {
  static const std::unordered_map<std::string_view, Call> known = {
      {"torch._utils._rebuild_tensor", Call::tensor},
      {"torch._utils._rebuild_tensor_v2", Call::tensor_v2},
      {"torch._utils._rebuild_tensor_v3", Call::tensor_v3},
      {"torch._utils._rebuild_parameter", Call::parameter},
      {"torch._utils._rebuild_parameter_with_state", Call::parameter_with_state},
      {"torch._utils._rebuild_parameter_v2", Call::parameter_with_state},
      {"torch._tensor._rebuild_from_type_v2", Call::from_type},
      {"torch.tensor._rebuild_from_type_v2", Call::from_type},
      {"torch._tensor._rebuild_from_type", Call::from_type},
      {"torch.tensor._rebuild_from_type", Call::from_type},
      {"torch._utils._rebuild_meta_tensor_no_storage", Call::meta_tensor},
      {"torch._utils._rebuild_device_tensor_from_cpu_tensor", Call::from_cpu_tensor},
      {"torch._utils._rebuild_device_tensor_from_numpy", Call::from_cpu_tensor},
      {"torch._utils._rebuild_xla_tensor", Call::from_cpu_tensor},
      {"torch.nn.parameter.Parameter", Call::wrapped},
      {"torch.nn.parameter.Buffer", Call::wrapped},
      {"torch.autograd.variable.Variable", Call::wrapped},
      {"torch.Size", Call::size},
      {"torch.device", Call::device},
      {"torch.serialization._get_layout", Call::layout},
      {"collections.OrderedDict", Call::ordered_dict},
      {"collections.Counter", Call::counter},
      {"collections.defaultdict", Call::default_dict},
      {"builtins.set", Call::set},
      {"builtins.frozenset", Call::set},
      {"builtins.bytes", Call::bytes},
      {"builtins.bytearray", Call::byte_array},
      {"builtins.complex", Call::complex},
      {"_codecs.encode", Call::encode},
      {"copyreg._reconstructor", Call::reconstructor},
      {"copyreg.__newobj__", Call::new_object},
      {"numpy.core.multiarray.scalar", Call::numpy_scalar},
      {"numpy._core.multiarray.scalar", Call::numpy_scalar},
      {"numpy.core.multiarray._reconstruct", Call::numpy_reconstruct},
      {"numpy._core.multiarray._reconstruct", Call::numpy_reconstruct},
      {"numpy.core.numeric._frombuffer", Call::numpy_from_buffer},
      {"numpy._core.numeric._frombuffer", Call::numpy_from_buffer},
  };
  return known;
}

Value TorchMeaning::call(PickleReader& reader, const Value& callable, const Value& arguments) {
  if (callable.kind() == Kind::global) {
    const auto known = calls().find(callable.as_string());
    if (known != calls().end())
      if (auto made = known_call(reader, known->second, callable, arguments)) return std::move(*made);
  }
  return PickleMeaning::call(reader, callable, arguments);
}

// What a call on the list makes; nothing when its arguments are of a kind that stays closed.
std::optional<Value> TorchMeaning::known_call(PickleReader& reader, Call which, const Value& callable,
                                              const Value& arguments) {
  const Value::Items& args = arguments.items();
  const auto is = [&](size_t index, Kind kind) { return index < args.size() && args[index].kind() == kind; };
  const auto sequence = [&](size_t index) {
    return is(index, Kind::list) || is(index, Kind::tuple) || is(index, Kind::set);
  };
  switch (which) {
    case Call::tensor: return rebuild_tensor(reader, args, 1);
    case Call::tensor_v2: return rebuild_tensor(reader, args, 2);
    case Call::tensor_v3: return rebuild_tensor(reader, args, 3);
    case Call::from_type: return rebuild_from_type(reader, args);
    case Call::parameter: expect_count("_rebuild_parameter", args, 2, 4); return args[0];
    case Call::parameter_with_state: {
      expect_count("_rebuild_parameter_with_state", args, 3, 5);
      return args.size() > 3 && is(0, Kind::tensor) && !args[3].is_none() ? args[0].with_attributes(args[3])
                                                                          : args[0];
    }
    case Call::meta_tensor: {
      expect_count("_rebuild_meta_tensor_no_storage", args, 3, 4);
      if (!is(0, Kind::dtype)) fail(ErrorKind::corrupt, "expected a dtype, got ", args[0].type_name());
      const auto size = counts_of(args[1], "size"), stride = counts_of(args[2], "stride");
      int64_t nbytes = 0;
      if (!checked_multiply(reach_of(size, stride, 0), static_cast<int64_t>(size_of(args[0].as_dtype())),
                            nbytes))
        fail(ErrorKind::corrupt, "a tensor of shape ", Shape(size), " does not fit 64 bits");
      return Tensor(Storage::allocate(static_cast<size_t>(nbytes), meta), args[0].as_dtype(), Shape(size),
                    stride);
    }
    case Call::from_cpu_tensor:
      if (!is(0, Kind::tensor) || !is(1, Kind::dtype) || args[0].as_tensor().dtype() != args[1].as_dtype())
        return std::nullopt;
      return args[0];
    case Call::wrapped:
      if (!is(0, Kind::tensor)) return std::nullopt;
      return args[0];

    case Call::size: {
      if (args.empty()) return Value::size({});
      if (args.size() != 1) return std::nullopt;
      reader.charge(args[0].size() * 176);
      return Value::size(counts_of(args[0], "size"));
    }
    case Call::device: {
      if (!is(0, Kind::string)) return std::nullopt;
      std::string text = args[0].as_string();
      if (is(1, Kind::integer)) text += ':' + std::to_string(args[1].as_int());
      try {
        return Device::parse(text);
      } catch (const Error&) {
        return std::nullopt;  // mps, xla and others that Sconce has no name for
      }
    }
    case Call::layout:
      if (!is(0, Kind::string) || args.size() != 1) return std::nullopt;
      return Value::global(args[0].as_string());

    case Call::ordered_dict:
    case Call::counter:
    case Call::default_dict: {
      const size_t first = which == Call::default_dict ? 1 : 0;
      Value made = Value::dict({}, callable.as_string());
      if (args.size() <= first) return made;
      if (args.size() > first + 1) return std::nullopt;
      const Value& from = args[first];
      for (const auto& [key, value] : from.pairs()) reader.set_pair(made, key, value);
      if (from.kind() == Kind::dict) return made;
      if (which == Call::counter || !sequence(first)) return std::nullopt;
      for (const Value& pair : from.items()) {
        if ((pair.kind() != Kind::list && pair.kind() != Kind::tuple) || pair.size() != 2)
          fail(ErrorKind::corrupt, "expected a key with its value, got ", pair.type_name(), " of ",
               pair.size(), " items");
        reader.set_pair(made, pair[0], pair[1]);
      }
      return made;
    }
    case Call::set:
      if (args.empty()) return Value::set({});
      if (args.size() != 1 || !sequence(0)) return std::nullopt;
      reader.charge(args[0].size() * 16);
      return Value::set(args[0].items());

    case Call::bytes:
    case Call::byte_array: {
      if (args.empty()) return Value::bytes({});
      if (args.size() == 1 && is(0, Kind::bytes)) return args[0];
      std::string raw;
      if (args.size() == 2 && is(0, Kind::string) && is(1, Kind::string) &&
          (args[1].as_string() == "latin-1" || args[1].as_string() == "latin1")) {
        reader.charge(args[0].size());
        if (!encode_latin1(args[0].as_string(), raw))
          fail(ErrorKind::corrupt, "a text for bytes is not Latin-1");
        return Value::bytes(std::move(raw));
      }
      if (args.size() != 1 || !sequence(0)) return std::nullopt;
      for (const Value& item : args[0].items()) {
        if (item.kind() != Kind::integer || item.as_int() < 0 || item.as_int() > 255)
          fail(ErrorKind::corrupt, "expected bytes from 0 to 255, got ", item.repr(40));
        raw += static_cast<char>(item.as_int());
      }
      return Value::bytes(std::move(raw));
    }
    case Call::encode: {
      if (!is(0, Kind::string) || !is(1, Kind::string)) return std::nullopt;
      if (args[1].as_string() != "latin1" && args[1].as_string() != "latin-1") return std::nullopt;
      reader.charge(args[0].size());
      std::string raw;
      if (!encode_latin1(args[0].as_string(), raw))
        fail(ErrorKind::corrupt, "a text for bytes is not Latin-1");
      return Value::bytes(std::move(raw));
    }
    case Call::complex: {
      for (size_t i = 0; i < args.size(); ++i)
        if (!is(i, Kind::floating) && !is(i, Kind::integer)) return std::nullopt;
      if (args.empty() || args.size() > 2) return std::nullopt;
      return std::complex<double>(args[0].as_double(), args.size() > 1 ? args[1].as_double() : 0.0);
    }

    case Call::reconstructor:
      if (args.size() != 3 || !is(0, Kind::global) || !args[2].is_none()) return std::nullopt;
      return Value::object(args[0].as_string(), {}, Value());
    case Call::new_object:
      if (!is(0, Kind::global)) return std::nullopt;
      return Value::object(args[0].as_string(), Value::Items(args.begin() + 1, args.end()), Value());

    case Call::numpy_scalar:
      if (args.size() != 2) return std::nullopt;
      return numpy_scalar(args[0], args[1]);
    case Call::numpy_reconstruct:
      if (!is(0, Kind::global)) return std::nullopt;
      return Value::object(args[0].as_string(), {}, Value());  // its state says all; see build()
    case Call::numpy_from_buffer: {
      if (args.size() != 4 || !is(3, Kind::string)) return std::nullopt;
      reader.charge(640 + 64 * args[2].size());
      auto array =
          numpy_array(args[2], args[1], args[3].as_string() == "F", args[0], *source_.materialized());
      if (!array) return std::nullopt;
      return *std::move(array);
    }
  }
  return std::nullopt;
}

void TorchMeaning::build(PickleReader& reader, Value& target, const Value& state) {
  if (target.kind() == Kind::tensor) {
    // Attributes are a dict, or one before the values of __slots__; old Parameters repeat (requires_grad,
    // ..., hooks).
    const bool slots = state.kind() == Kind::tuple && state.size() == 2 && state[0].kind() == Kind::dict;
    if (state.kind() == Kind::dict || slots) ValueBuilder::set_attributes(target, slots ? state[0] : state);
    return;
  }
  if (target.kind() == Kind::object && target.type_name() == "numpy.ndarray" && state.kind() == Kind::tuple &&
      (state.size() == 4 || state.size() == 5)) {
    const size_t first = state.size() - 4;  // a version number may come before
    const bool fortran = state[first + 2].kind() == Kind::boolean && state[first + 2].as_bool();
    reader.charge(640 + 64 * state[first].size());
    if (auto array =
            numpy_array(state[first], state[first + 1], fortran, state[first + 3], *source_.materialized()))
      return ValueBuilder::become(target, Value(*std::move(array)));
  }
  PickleMeaning::build(reader, target, state);
}

// ---- storages ----

// ('storage', class, key, location, numel), with a sixth item in legacy streams: None, or (view key, offset,
// size).
Value TorchMeaning::persistent(PickleReader& reader, const Value& id) {
  const Value::Items& parts = id.items();
  if (id.kind() != Kind::tuple || parts.empty())
    fail(ErrorKind::corrupt, "expected a persistent id of a storage, got ", id.type_name());
  const std::string& what = text_of(parts[0], "the kind of a persistent id");
  if (what == "module" && parts.size() > 1)
    return parts[1];  // a class with its source text, which is not looked at
  if (what != "storage")
    fail(ErrorKind::corrupt, "expected a persistent id of a storage, got one of another kind");
  if (parts.size() != 5 && parts.size() != 6)
    fail(ErrorKind::corrupt, "expected 5 or 6 parts in a persistent id, got ", parts.size());
  return storage(reader, parts[1], parts[2], parts[3], parts[4], parts.size() == 6 ? parts[5] : Value());
}

Value TorchMeaning::storage(PickleReader& reader, const Value& type, const Value& key, const Value& location,
                            const Value& numel, const Value& view) {
  const auto known = storage_class(type);
  if (!known)
    fail(ErrorKind::unsupported, "a storage of class ",
         type.kind() == Kind::global ? type.as_string() : type.type_name(), ", which Sconce does not know");
  const std::string& root_key = text_of(key, "a storage key");
  NamedStorage& root =
      root_storage(reader, root_key, known->dtype, known->untyped, count_of(numel, "a storage's numel"),
                   text_of(location, "a storage's location"));
  if (view.is_none()) return root.value;

  if (view.kind() != Kind::tuple || view.size() != 3)
    fail(ErrorKind::corrupt, "expected (key, offset, size) of a storage view, got ", view.type_name());
  const int64_t offset = count_of(view[1], "a storage view's offset"),
                size = count_of(view[2], "a storage view's size");
  if (offset > root.numel || size > root.numel - offset)
    fail(ErrorKind::corrupt, "a storage view of ", size, " elements at ", offset, " in a storage of ",
         root.numel);
  NamedStorage& part = views_[concat(root_key, '/', offset, '/', size)];
  if (!part.storage.defined()) {
    part = root;
    part.numel = size;
    part.offset = offset;
    part.value = Tensor(root.storage, root.dtype, Shape{size}, Strides{1}, offset);
    by_node_.emplace(part.value.node(), &part);
  }
  return part.value;
}

NamedStorage& TorchMeaning::root_storage(PickleReader& reader, const std::string& key, DType dtype,
                                         bool untyped, int64_t numel, const std::string& location) {
  int64_t nbytes = 0;
  if (!checked_multiply(numel, static_cast<int64_t>(size_of(dtype)), nbytes))
    fail(ErrorKind::corrupt, "a storage of ", numel, " elements does not fit 64 bits");
  NamedStorage& named = storages_[key];
  if (named.storage.defined()) {
    if (static_cast<uint64_t>(nbytes) != named.storage.nbytes())
      fail(ErrorKind::corrupt, "storage ", key, " is named with ", nbytes, " bytes, and before with ",
           named.storage.nbytes());
    if (dtype == named.dtype || nbytes == 0) return named;
    if (reader.profile() == Profile::strict)
      fail(ErrorKind::corrupt, "storage ", key, " is named with dtype ", name_of(dtype), ", and before with ",
           name_of(named.dtype));
    if (named.swap_unit && number_size(dtype) != number_size(named.dtype))
      fail(ErrorKind::unsupported, "storage ", key, " of the other byte order holds numbers of two sizes");
    reader.warn(concat("storage ", key, " is named as ", name_of(named.dtype), " and as ", name_of(dtype),
                       "; its bytes are reinterpreted"));
    reader.charge(512);
    reinterpreted_.push_back(std::make_unique<NamedStorage>(named));
    NamedStorage& again = *reinterpreted_.back();
    again.dtype = dtype;
    again.untyped = untyped;
    again.numel = numel;
    again.value = Tensor(named.storage, dtype, Shape{numel});
    by_node_.emplace(again.value.node(), &again);
    return again;
  }

  reader.charge(640 + key.size());
  StorageRequest request;
  request.key = key;
  request.nbytes = static_cast<uint64_t>(nbytes);
  request.item_size = static_cast<int64_t>(size_of(dtype));
  request.alignment = untyped ? 8 : number_size(dtype);
  request.path = reader.key_path();
  if (source_.swaps()) request.swap_unit = std::make_shared<size_t>(untyped ? 1 : number_size(dtype));
  Device target = cpu;
  if (const auto* device = std::get_if<Device>(&options_.map_location)) target = *device;
  if (const auto* map = std::get_if<std::map<std::string, std::string>>(&options_.map_location))
    if (const auto found = map->find(location); found != map->end()) target = Device::parse(found->second);

  Storage storage = source_.open(request);
  if (target == meta) {
    storage = Storage::allocate(request.nbytes, meta);
  } else if (target.type == Device::Type::cuda) {
    backend_of(target);  // throws when there is none
    storage = Tensor(storage, DType::u8, Shape{nbytes}).to(target).storage();
  } else if (dtype == DType::boolean) {
    storage =
        Storage::deferred(request.nbytes, [inner = storage, path = request.path, file = source_.file()] {
          try {
            check_bools(inner.data(), inner.nbytes());
          } catch (Error& e) {
            throw e.in_file(file).at_key(path);
          }
          return std::shared_ptr<void>(std::make_shared<Storage>(inner), inner.data());
        });
  }
  named.dtype = dtype;
  named.untyped = untyped;
  named.numel = numel;
  named.swap_unit = request.swap_unit;
  named.value = Tensor(storage, dtype, Shape{numel});
  named.storage = std::move(storage);
  by_node_.emplace(named.value.node(), &named);
  locations_.emplace(named.storage.id(), location);
  return named;
}

// An untyped storage of the other byte order is swapped by the dtype of the tensors in it.
void TorchMeaning::set_swap_unit(NamedStorage& named, DType dtype) {
  if (!named.swap_unit || !named.untyped) return;
  const size_t unit = number_size(dtype);
  if (*named.swap_unit != 1 && *named.swap_unit != unit)
    fail(ErrorKind::unsupported, "a storage of the other byte order holds numbers of ", *named.swap_unit,
         " and of ", unit, " bytes");
  *named.swap_unit = unit;
}

// ---- tensors ----

// v1 (storage, offset, size, stride); v2 adds requires_grad, hooks [, metadata]; v3 adds dtype before the
// metadata.
Value TorchMeaning::rebuild_tensor(PickleReader& reader, const Value::Items& arguments, int version) {
  constexpr size_t least[] = {4, 6, 7}, most[] = {4, 7, 8};
  const auto v = static_cast<size_t>(version - 1);
  expect_count("_rebuild_tensor", arguments, least[v], most[v]);
  if (++tensors_ > options_.budget.tensors)
    fail(ErrorKind::out_of_budget, "more than ", options_.budget.tensors, " tensors");
  const auto found = by_node_.find(arguments[0].node());
  if (found == by_node_.end())
    fail(ErrorKind::corrupt, "expected a storage for a tensor, got ", arguments[0].type_name());
  NamedStorage& named = *found->second;

  DType dtype = named.dtype;
  if (version == 3) {
    if (arguments[6].kind() != Kind::dtype)
      fail(ErrorKind::unsupported, "a tensor of dtype ", arguments[6].repr(60),
           ", which Sconce does not know");
    dtype = arguments[6].as_dtype();
  }
  const int64_t offset = count_of(arguments[1], "a storage offset");
  reader.charge(64 * (arguments[2].size() + arguments[3].size()));
  const auto size = counts_of(arguments[2], "size"), stride = counts_of(arguments[3], "stride");
  const auto item = static_cast<int64_t>(size_of(dtype));
  const int64_t available = named.numel * static_cast<int64_t>(size_of(named.dtype)) / item;
  const int64_t needed = reach_of(size, stride, offset);
  if (needed > available)
    fail(ErrorKind::corrupt, "a tensor of shape ", Shape(size), ", strides ", Shape(stride), " and offset ",
         offset, " needs ", needed, " elements of ", name_of(dtype), ", its storage has ", available);
  set_swap_unit(named, dtype);

  Storage storage = named.storage;
  const size_t metadata = version == 1 ? 4 : version == 2 ? 6 : 7;
  if (arguments.size() > metadata && arguments[metadata].kind() == Kind::dict) {
    for (const auto& [key, value] : arguments[metadata].pairs())
      if (key.kind() != Kind::string || (key.as_string() != "conj" && key.as_string() != "neg"))
        fail(ErrorKind::unsupported, "a tensor with metadata ", key.repr(60), ", which Sconce does not know");
    const bool conjugate = flag(arguments[metadata], "conj"), negate = flag(arguments[metadata], "neg");
    if (conjugate || negate) storage = flipped(storage, dtype, conjugate, negate);
  }
  const int64_t base = named.offset * static_cast<int64_t>(size_of(named.dtype)) / item;
  return Tensor(std::move(storage), dtype, Shape(size), stride,
                size.empty() || needed > 0 ? base + offset : 0);
}

// (function, type, arguments, state): any tensor with attributes of its own, or of a subclass.
Value TorchMeaning::rebuild_from_type(PickleReader& reader, const Value::Items& arguments) {
  expect_count("_rebuild_from_type_v2", arguments, 4, 4);
  const Value& function = arguments[0];
  if (function.kind() != Kind::global || arguments[2].kind() != Kind::tuple)
    fail(ErrorKind::corrupt, "expected a function and its arguments, got ", function.type_name(), " and ",
         arguments[2].type_name());
  const auto known = calls().find(function.as_string());
  // Never calls itself, so that nothing in the file decides how deep this goes.
  if (known == calls().end() || known->second == Call::from_type) return closed(function, arguments[2]);
  const auto made = known_call(reader, known->second, function, arguments[2]);
  if (!made) return closed(function, arguments[2]);
  const Value& state = arguments[3];
  const bool slots = state.kind() == Kind::tuple && state.size() == 2 && state[0].kind() == Kind::dict;
  if (made->kind() != Kind::tensor || (state.kind() != Kind::dict && !slots)) return *made;
  return made->with_attributes(slots ? state[0] : state);
}

// The storage with every number negated, every complex number conjugated, or both: what torch.save notes as
// metadata instead of computing it. Tensors that share a storage share the result.
Storage TorchMeaning::flipped(const Storage& storage, DType dtype, bool conjugate, bool negate) {
  const bool floating =
      dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
  if (!is_complex(dtype) && (conjugate || !floating))
    fail(ErrorKind::unsupported, "a tensor of dtype ", name_of(dtype), " saved as ",
         conjugate ? "conjugated" : "negated");
  if (storage.device() != cpu) {
    if (storage.device() == meta) return storage;
    fail(ErrorKind::unsupported, "a tensor saved as ", conjugate ? "conjugated" : "negated",
         " cannot be mapped to ", storage.device().str(), "; load it on the cpu");
  }
  const int how = static_cast<int>(dtype) * 4 + (conjugate ? 2 : 0) + (negate ? 1 : 0);
  Storage& made = flipped_[{storage.id(), how}];
  if (made.defined()) return made;
  made = Storage::deferred(storage.nbytes(), [storage, dtype, conjugate, negate,
                                              budget = source_.materialized()] {
    budget->charge(storage.nbytes());
    const auto* from = static_cast<const unsigned char*>(storage.data());
    const Storage copy = Storage::allocate(storage.nbytes());
    auto* to = static_cast<unsigned char*>(copy.data());
    std::copy(from, from + storage.nbytes(), to);
    // A number's sign is the top bit of its last byte, or of its first on a big-endian machine.
    const size_t unit = number_size(dtype), sign = std::endian::native == std::endian::little ? unit - 1 : 0;
    const size_t parts = is_complex(dtype) ? 2 : 1;
    for (size_t i = 0; (i + 1) * unit <= storage.nbytes(); ++i)
      if (negate != (conjugate && i % parts == 1)) to[i * unit + sign] ^= 0x80;
    return std::shared_ptr<void>(std::make_shared<Storage>(copy), copy.data());
  });
  if (const auto found = locations_.find(storage.id()); found != locations_.end())
    locations_.emplace(made.id(), std::string(found->second));
  return made;
}

}  // namespace sconce
