// The storages that a checkpoint's pickle names, each opened once.
#include "rebuild_storage.h"

#include "rebuild_arguments.h"

#include <sconce/backend.h>

#include <algorithm>
#include <bit>
#include <optional>

namespace sconce {
namespace {

using Kind = Value::Kind;

// Memory for a storage's name, its entries in the tables here, its handle with what loads it, and its value.
constexpr uint64_t storage_cost = 896;

// Of "torch.FloatStorage", "torch.cuda.HalfStorage".
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

// Throws what is wrong with the bytes of a bool storage when they are first asked for.
Storage checked_bools(const Storage& storage, const std::string& path, const std::string& file) {
  return Storage::deferred(storage.nbytes(), [storage, path, file] {
    try {
      check_bools(storage.data(), storage.nbytes());
    } catch (Error& e) {
      throw e.in_file(file).at_key(path);
    }
    return std::shared_ptr<void>(std::make_shared<Storage>(storage), storage.data());
  });
}

// The same bytes on a GPU, copied there when they are first asked for: a stream may not have told yet where they lie.
Storage on_gpu(const Storage& storage, Device device) {
  backend_of(device);  // throws when there is none
  return Storage::deferred(
      storage.nbytes(),
      [storage, device] {
        const Tensor bytes(storage, DType::u8, Shape{static_cast<int64_t>(storage.nbytes())});
        const Storage there = bytes.to(device).storage();
        return std::shared_ptr<void>(std::make_shared<Storage>(there), there.data());
      },
      device);
}

}  // namespace

Value NamedStorages::open(PickleReader& reader, const Value& id) {
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
  const Value& type = parts[1];
  if (last_class_.is_none() ||
      last_class_.node() != type.node()) {  // a pickle names few classes, each by one value
    const auto known = storage_class(type);
    if (!known)
      fail(ErrorKind::unsupported, "a storage of class ",
           type.kind() == Kind::global ? type.as_string() : type.type_name(), ", which Sconce does not know");
    last_class_ = type;
    last_known_ = *known;
  }
  const std::string& key = text_of(parts[2], "a storage key");
  NamedStorage& whole =
      root(reader, key, last_known_.dtype, last_known_.untyped, count_of(parts[4], "a storage's numel"),
           text_of(parts[3], "a storage's location"));
  return parts.size() == 5 || parts[5].is_none() ? whole.value : part(reader, whole, parts[5]);
}

NamedStorage* NamedStorages::find(const Value& value) {
  if (!all_.empty() && all_.back().value.node() == value.node()) return &all_.back();  // nearly always
  const size_t place = by_node_.find(HashIndex::hash(value.node()),
                                     [&](size_t i) { return all_[i].value.node() == value.node(); });
  return place == HashIndex::npos ? nullptr : &all_[place];
}

NamedStorage& NamedStorages::add(NamedStorage named) {
  by_node_.insert(HashIndex::hash(named.value.node()), all_.size());
  return all_.emplace_back(std::move(named));
}

void NamedStorages::adopt(const Value& value) {
  if (find(value)) return;
  const Tensor& t = value.as_tensor();
  NamedStorage named;
  named.value = value;
  named.dtype = t.dtype();
  named.numel = t.numel();
  named.storage = t.storage();
  add(std::move(named));
}

// (key, offset, size) of a legacy stream's view into a storage.
Value NamedStorages::part(PickleReader& reader, const NamedStorage& root, const Value& view) {
  if (view.kind() != Kind::tuple || view.size() != 3)
    fail(ErrorKind::corrupt, "expected (key, offset, size) of a storage view, got ", view.type_name());
  const int64_t offset = count_of(view[1], "a storage view's offset"),
                size = count_of(view[2], "a storage view's size");
  if (offset > root.numel || size > root.numel - offset)
    fail(ErrorKind::corrupt, "a storage view of ", size, " elements at ", offset, " in a storage of ",
         root.numel);
  const auto [known, fresh] = parts_.emplace(concat(root.key, '/', offset, '/', size), all_.size());
  if (!fresh) return all_[known->second].value;
  reader.charge(storage_cost);
  NamedStorage part = root;
  part.numel = size;
  part.offset = offset;
  part.value = Tensor(root.storage, root.dtype, Shape{size}, Strides{1}, offset);
  return add(std::move(part)).value;
}

NamedStorage& NamedStorages::root(PickleReader& reader, const std::string& key, DType dtype, bool untyped,
                                  int64_t numel, const std::string& location) {
  int64_t nbytes = 0;
  if (!checked_multiply(numel, static_cast<int64_t>(size_of(dtype)), nbytes))
    fail(ErrorKind::corrupt, "a storage of ", numel, " elements does not fit 64 bits");
  const uint64_t hash = HashIndex::hash(key);
  const size_t known = by_key_.find(hash, [&](size_t i) { return all_[i].key == key; });
  if (known != HashIndex::npos) {
    NamedStorage& named = all_[known];
    if (static_cast<uint64_t>(nbytes) != named.storage.nbytes())
      fail(ErrorKind::corrupt, "storage ", key, " is named with ", nbytes, " bytes, and before with ",
           named.storage.nbytes());
    if (dtype == named.dtype) return named;
    return again(reader, named, dtype, untyped, numel);
  }

  reader.charge(storage_cost + key.size());
  StorageRequest request;
  request.key = key;
  request.nbytes = static_cast<uint64_t>(nbytes);
  request.item_size = static_cast<int64_t>(size_of(dtype));
  request.alignment = untyped ? 8 : number_size(dtype);
  request.path = reader.key_path();
  if (source_.swaps()) request.swap_unit = std::make_shared<size_t>(untyped ? 1 : number_size(dtype));
  NamedStorage named;
  named.key = key;
  named.dtype = dtype;
  named.untyped = untyped;
  named.numel = numel;
  named.swap_unit = request.swap_unit;
  named.storage = placed(std::move(request), dtype, location);
  named.value = Tensor(named.storage, dtype, Shape{numel}, Strides{1});
  locations_.add(named.storage.id(), location);
  by_key_.insert(hash, all_.size());
  return add(std::move(named));
}

// The same storage named with another dtype.
NamedStorage& NamedStorages::again(PickleReader& reader, const NamedStorage& named, DType dtype, bool untyped,
                                   int64_t numel) {
  const std::string& key = named.key;
  // Without bytes there is nothing to reinterpret, and torch.save names such a storage by each tensor's dtype.
  if (named.storage.nbytes() != 0) {
    if (reader.profile() == Profile::strict)
      fail(ErrorKind::corrupt, "storage ", key, " is named with dtype ", name_of(dtype), ", and before with ",
           name_of(named.dtype));
    if (named.swap_unit && number_size(dtype) != number_size(named.dtype))
      fail(ErrorKind::unsupported, "storage ", key, " of the other byte order holds numbers of two sizes");
    reader.warn(concat("storage ", key, " is named as ", name_of(named.dtype), " and as ", name_of(dtype),
                       "; its bytes are reinterpreted"));
  }
  reader.charge(storage_cost);
  NamedStorage other = named;
  other.dtype = dtype;
  other.untyped = untyped;
  other.numel = numel;
  other.value = Tensor(named.storage, dtype, Shape{numel});
  return add(std::move(other));
}

// The storage on the device where map_location wants it.
Storage NamedStorages::placed(StorageRequest request, DType dtype, const std::string& location) {
  Device target = cpu;
  if (const auto* device = std::get_if<Device>(&options_.map_location)) target = *device;
  if (const auto* map = std::get_if<std::map<std::string, std::string>>(&options_.map_location))
    if (const auto found = map->find(location); found != map->end()) target = Device::parse(found->second);

  const std::string path = dtype == DType::boolean ? request.path : std::string();
  const uint64_t nbytes = request.nbytes;
  Storage storage = source_.open(std::move(request));
  if (target == meta) return Storage::allocate(nbytes, meta);
  if (dtype == DType::boolean) storage = checked_bools(storage, path, source_.file());
  return target.is_gpu() ? on_gpu(storage, target) : storage;
}

void NamedStorages::set_swap_unit(NamedStorage& named, DType dtype) {
  if (!named.swap_unit || !named.untyped) return;
  const size_t unit = number_size(dtype);
  if (*named.swap_unit != 1 && *named.swap_unit != unit)
    fail(ErrorKind::unsupported, "a storage of the other byte order holds numbers of ", *named.swap_unit,
         " and of ", unit, " bytes");
  *named.swap_unit = unit;
}

Storage NamedStorages::flipped(const Storage& storage, DType dtype, bool conjugate, bool negate) {
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
  if (const std::string* found = locations_.find(storage.id()))
    locations_.add(made.id(), std::string(*found));
  return made;
}

}  // namespace sconce
