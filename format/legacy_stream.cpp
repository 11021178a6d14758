// The stream of torch.save before 1.6: five pickles back to back (magic number, protocol version, system, the
// object, the list of storage keys), then for each key of that list its number of elements and its bytes,
// always little-endian.
#include "container.h"
#include "rebuild.h"

#include <cstring>
#include <unordered_set>

namespace sconce {
namespace {

constexpr const char* magic_number = "119547037146038801333356";
constexpr int64_t stream_version = 1001;

// One storage: where its bytes lie is known only after the object's pickle has been read.
struct Slot {
  StorageRequest request;
  std::byte* bytes = nullptr;
};

struct LegacyFile {
  std::shared_ptr<MappedFile> file;
  std::shared_ptr<MaterializedBytes> materialized;
  std::unordered_map<std::string, Slot> slots;
};

std::shared_ptr<void> load(const LegacyFile& legacy, const Slot& slot) {
  if (!slot.bytes) fail(ErrorKind::corrupt, "storage ", slot.request.key, " has no bytes in the file");
  const size_t unit = slot.request.swap_unit ? *slot.request.swap_unit : 1;
  if (unit == 1 && reinterpret_cast<uintptr_t>(slot.bytes) % slot.request.alignment == 0)
    return {legacy.file, slot.bytes};
  legacy.materialized->charge(slot.request.nbytes);
  const Storage copy = Storage::allocate(slot.request.nbytes);
  if (slot.request.nbytes) std::memcpy(copy.data(), slot.bytes, slot.request.nbytes);
  swap_bytes(copy.data(), copy.nbytes(), unit);
  return {std::make_shared<Storage>(copy), copy.data()};
}

class LegacySource : public StorageSource {
 public:
  explicit LegacySource(std::shared_ptr<LegacyFile> legacy) : legacy_(std::move(legacy)) {}
  const std::string& file() const override { return legacy_->file->path(); }
  bool swaps() const override { return std::endian::native == std::endian::big; }
  const std::shared_ptr<MaterializedBytes>& materialized() const override { return legacy_->materialized; }

  Storage open(StorageRequest request) override {
    Slot& slot = legacy_->slots[request.key];
    slot.request = request;
    return Storage::deferred(request.nbytes, [legacy = legacy_, &slot] {
      try {
        return load(*legacy, slot);
      } catch (Error& e) {
        throw e.in_file(legacy->file->path()).at_key(slot.request.path);
      }
    });
  }

 private:
  std::shared_ptr<LegacyFile> legacy_;
};

// Reads the pickles one after the other.
class Stream {
 public:
  Stream(Bytes bytes, const LoadOptions& options) : bytes_(bytes), options_(options) {}

  Value next(PickleMeaning& meaning, ReadTree* out = nullptr) {
    PickleReader reader(bytes_.subspan(at_), meaning, options_.profile, options_.budget, at_);
    Value value = reader.read();
    at_ += reader.length();
    if (out) {
      out->globals = reader.globals();
      out->warnings.insert(out->warnings.end(), reader.warnings().begin(), reader.warnings().end());
    }
    return value;
  }
  uint64_t position() const { return at_; }

 private:
  Bytes bytes_;
  const LoadOptions& options_;
  size_t at_ = 0;
};

[[noreturn]] void fail_at(uint64_t offset, const std::string& message) {
  Error e(ErrorKind::corrupt, message);
  throw e.at_offset(offset);
}

// The table of storages behind the pickles: every key that the object names, once, with exactly its bytes.
void place_storages(LegacyFile& legacy, const Value& keys, uint64_t begin,
                    std::vector<std::string>& warnings) {
  if (keys.kind() != Value::Kind::list)
    fail_at(begin, "expected the list of storage keys, got " + keys.type_name());
  ByteReader in(legacy.file->bytes().subspan(begin), begin);
  std::unordered_set<std::string> seen;
  for (const Value& key : keys.items()) {
    const uint64_t at = in.position();
    if (key.kind() != Value::Kind::string && key.kind() != Value::Kind::bytes)
      fail_at(at, "expected a storage key as text, got " + key.type_name());
    const std::string& name = key.as_string();
    if (!seen.insert(name).second) fail_at(at, "storage " + name + " is listed twice");
    const auto found = legacy.slots.find(name);
    if (found == legacy.slots.end())
      fail_at(at, "storage " + name + " is listed, and no tensor says how large its elements are");
    Slot& slot = found->second;
    try {
      if (in.remaining() < 8)
        fail_at(at, concat("unexpected end of file: the size of storage ", name, " needs 8 bytes, ",
                           in.remaining(), " are left"));
      const auto numel = in.little<int64_t>();
      const int64_t item = slot.request.item_size,
                    expected = static_cast<int64_t>(slot.request.nbytes) / item;
      if (numel != expected)
        fail_at(at, concat("storage ", name, " has the wrong size: its tensors need ", expected,
                           " elements, the file has ", numel));
      if (in.remaining() < slot.request.nbytes)
        fail_at(at, concat("unexpected end of file: storage ", name, " needs ",
                           slot.request.nbytes - in.remaining(), " more bytes"));
      slot.bytes = legacy.file->data() + in.position();
      in.skip(slot.request.nbytes);
    } catch (Error& e) {
      throw e.at_key(slot.request.path);
    }
  }
  for (const auto& [name, slot] : legacy.slots)
    if (!seen.count(name)) {
      Error e(ErrorKind::corrupt, "storage " + name + " is not in the file's list of storages");
      throw e.at_offset(begin).at_key(slot.request.path);
    }
  if (!in.at_end()) warnings.push_back(concat(in.remaining(), " bytes follow the last storage"));
}

}  // namespace

ReadTree read_legacy_stream(const std::shared_ptr<MappedFile>& file, const LoadOptions& options) {
  const auto legacy = std::make_shared<LegacyFile>();
  legacy->file = file;
  legacy->materialized = std::make_shared<MaterializedBytes>(options.budget.materialized_bytes);
  LegacySource source(legacy);
  TorchMeaning meaning(source, options);
  PickleMeaning plain;
  Stream stream(file->bytes(), options);
  ReadTree out;

  const Value magic = stream.next(plain);
  if (magic.kind() != Value::Kind::big_integer || magic.as_string() != magic_number)
    fail_at(0, "expected PyTorch's magic number, got " + magic.repr(60));
  const uint64_t version_at = stream.position();
  const Value version = stream.next(plain);
  if (version.kind() != Value::Kind::integer || version.as_int() != stream_version)
    fail_at(version_at, concat("expected stream version ", stream_version, ", got ", version.repr(60)));
  stream.next(
      plain);  // sizes of C types and the byte order of the writing machine, which its tensors do not follow
  out.root = stream.next(meaning, &out);
  const Value keys = stream.next(plain);
  place_storages(*legacy, keys, stream.position(), out.warnings);
  meaning.finish();
  out.locations = meaning.take_locations();
  return out;
}

}  // namespace sconce
