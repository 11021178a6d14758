// The tar archive of torch.save up to 0.1.9: `storages` (a count, then for each one a pickle (key, location,
// class), its number of elements and its bytes; then a pickle of views (key, root key, offset, size)), `tensors`
// (a count, then for each one a pickle (key, storage key, class) and its layout), and `pickle`, whose
// persistent ids are keys of the two. Always little-endian.
#include "container.h"
#include "file_storage.h"
#include "rebuild.h"
#include "rebuild_arguments.h"
#include "rebuild_calls.h"
#include "tar.h"

#include <unordered_map>

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr const char *storages_name = "storages", *tensors_name = "tensors", *pickle_name = "pickle",
                     *system_name = "sys_info";
constexpr uint64_t item_cost = 1500;  // bytes of memory for a storage or tensor, about
constexpr int32_t most_dimensions = 64;

// Gives the bytes that were found last; NamedStorages asks for each storage once, when it is named.
class TarSource : public StorageSource {
 public:
  TarSource(const std::shared_ptr<MappedFile>& file, LoadOptions options)
      : storages_(file, on_cpu(std::move(options))) {}
  const std::string& file() const override { return storages_.file().path(); }
  const std::shared_ptr<MaterializedBytes>& materialized() const override { return storages_.materialized(); }

  Storage open(StorageRequest request) override {
    if (request.nbytes > available)
      fail(ErrorKind::corrupt, "unexpected end of the member: storage ", request.key.substr(0, 40), " needs ",
           request.nbytes - available, " more bytes");
    FilePart part;
    part.offset = next_offset;
    part.nbytes = request.nbytes;
    // Only the numbers' size counts here.
    part.dtype = request.alignment == 8   ? DType::u64
                 : request.alignment == 4 ? DType::u32
                 : request.alignment == 2 ? DType::u16
                                          : DType::u8;
    part.key = request.path;
    return storages_.open(part);
  }

  uint64_t next_offset = 0, available = 0;  // in the file

 private:
  // map_location is followed where the storages are named.
  static LoadOptions on_cpu(LoadOptions options) {
    options.map_location = {};
    return options;
  }
  FileStorages storages_;
};

// A key of a storage or tensor, written as an int or as its digits.
std::string key_of(const Value& v) {
  switch (v.kind()) {
    case Kind::integer: return std::to_string(v.as_int());
    case Kind::big_integer:
    case Kind::string:
    case Kind::bytes: return v.as_string();
    default: fail(ErrorKind::corrupt, "expected a key of a storage or tensor, got ", v.type_name());
  }
}

bool is_variable(const std::string& name) {
  return name == "torch.nn.parameter.Parameter" || name == "torch.autograd.variable.Variable" ||
         name == "torch.nn.Parameter";
}

// The pickle's meaning: its persistent ids are what the other members made.
class TarMeaning : public TorchMeaning {
 public:
  using TorchMeaning::TorchMeaning;

  Value persistent(PickleReader&, const Value& id) override {
    if (id.kind() == Kind::tuple && id.size() > 0) return id[0];  // a class with its source, not looked at
    const auto found = made.find(key_of(id));
    if (found == made.end()) fail(ErrorKind::corrupt, "no tensor or storage has the key ", id.repr(40));
    return found->second;
  }

  // A Variable is made with its data, or gets it with its state.
  Value call(PickleReader& reader, const Value& callable, const Value& arguments) override {
    if (callable.kind() == Kind::global && callable.as_string() == "copyreg.__newobj__" &&
        arguments.size() == 2 && arguments[0].kind() == Kind::global && is_variable(arguments[0].as_string()))
      return TorchMeaning::call(reader, arguments[0], Value::tuple({arguments[1]}));
    return TorchMeaning::call(reader, callable, arguments);
  }

  // (data, ..., hooks) of a Variable; (storage, offset, size, stride) of a tensor.
  void build(PickleReader& reader, Value& target, const Value& state) override {
    if (target.kind() == Kind::object && state.kind() == Kind::tuple && state.size() > 0 &&
        state[0].kind() == Kind::tensor) {
      if (is_variable(target.type_name())) return ValueBuilder::become(target, state[0]);
      if (state.size() == 4 && target.type_name().ends_with("Tensor") && storages().find(state[0]))
        return ValueBuilder::become(target, rebuild(reader, state));
    }
    TorchMeaning::build(reader, target, state);
  }

  Value rebuild(PickleReader& reader, const Value& arguments) {
    return TorchMeaning::call(reader, Value::global("torch._utils._rebuild_tensor"), arguments);
  }

  std::unordered_map<std::string, Value> made;
};

class TarReader {
 public:
  TarReader(const std::shared_ptr<MappedFile>& file, const LoadOptions& options)
      : options_(options),
        archive_(file->bytes(), options.profile, options.budget),
        source_(file, options),
        meaning_(source_, options) {}

  ReadTree read() {
    const TarMember &storages = member(storages_name), &tensors = member(tensors_name),
                    &pickle = member(pickle_name);
    in(storages, [&](ByteReader& at) { read_storages(at); });
    in(tensors, [&](ByteReader& at) { read_tensors(at); });
    ReadTree out;
    out.warnings = archive_.warnings();
    // Sizes of C types and the byte order of the writing machine, which its tensors do not follow.
    if (archive_.find(system_name)) in(member(system_name), [&](ByteReader& at) { value(at); });
    in(pickle, [&](ByteReader& at) {
      PickleReader reader(at.rest(), meaning_, options_.profile, options_.budget, at.position());
      out.root = reader.read();
      at.skip(reader.length());
      out.globals = reader.globals();
      warnings_.insert(warnings_.end(), reader.warnings().begin(), reader.warnings().end());
    });
    out.warnings.insert(out.warnings.end(), warnings_.begin(), warnings_.end());
    meaning_.finish();
    out.locations = meaning_.take_locations();
    return out;
  }

 private:
  const TarMember& member(const char* name) const {
    const TarMember* found = archive_.find(name);
    if (!found) {
      std::string names;
      const auto& members = archive_.members();
      for (size_t i = 0; i < members.size() && i < 5; ++i)
        names += (i ? ", " : "") + Value(members[i].name).repr(80);
      fail(ErrorKind::unsupported, "this is a tar archive without the member '", name,
           "', not a PyTorch checkpoint: unpack it first; it holds ", members.size(), " members",
           names.empty() ? "" : ": ", names, members.size() > 5 ? ", ..." : "");
    }
    if (!found->is_file()) fail(ErrorKind::corrupt, "[tar] the member '", name, "' is no file");
    return *found;
  }

  // Runs f over a member's bytes; errors name the member and count offsets from its beginning. All of it must be used.
  template <class F>
  void in(const TarMember& member, F f) {
    try {
      ByteReader at(archive_.bytes(member));
      begin_ = member.offset;
      f(at);
      if (!at.at_end()) {
        const std::string rest = concat(at.remaining(), " bytes follow in the member");
        if (options_.profile == Profile::strict) ByteReader::fail_at(at.position(), rest);
        warnings_.push_back(rest + " '" + member.name + "'");
      }
    } catch (Error& e) {
      throw e.in_record(member.name);
    }
  }

  // The next pickle.
  Value value(ByteReader& at) {
    charged_ += item_cost;
    if (charged_ > options_.budget.tree_bytes)
      fail(ErrorKind::out_of_budget, "storages and tensors pass the limit of ", options_.budget.tree_bytes,
           " bytes");
    PickleMeaning plain;
    reader_ =
        std::make_unique<PickleReader>(at.rest(), plain, options_.profile, options_.budget, at.position());
    Value out = reader_->read();
    at.skip(reader_->length());
    return out;
  }
  int64_t count(ByteReader& at, const char* what) { return count_of(value(at), what); }

  void add(const std::string& key, Value value, uint64_t at) {
    if (!meaning_.made.emplace(key, std::move(value)).second)
      ByteReader::fail_at(at, "the key ", key.substr(0, 40), " stands twice");
  }

  void read_storages(ByteReader& at) {
    std::unordered_map<std::string, Value> ids;  // of storages, for their views
    for (int64_t left = count(at, "the number of storages"); left > 0; --left) {
      const uint64_t begin = at.position();
      const Value head = value(at);
      if (head.kind() != Kind::tuple || head.size() != 3)
        ByteReader::fail_at(begin, "expected (key, location, class) of a storage, got ", head.repr(60));
      const std::string key = key_of(head[0]);
      const auto numel = at.little<int64_t>();
      source_.next_offset = begin_ + at.position();
      source_.available = at.remaining();
      const Value id = Value::tuple({Value("storage"), head[2], Value(key), head[1], Value(numel)});
      try {
        const Value storage = meaning_.storages().open(*reader_, id);
        at.skip(storage.as_tensor().storage().nbytes());
        add(key, storage, begin);
      } catch (Error& e) {
        throw e.at_offset(begin);
      }
      ids.emplace(key, id);
    }
    const uint64_t begin = at.position();
    const Value views = value(at);
    if (views.kind() != Kind::list)
      ByteReader::fail_at(begin, "expected a list of views, got ", views.type_name());
    for (const Value& view : views.items()) {
      if (view.kind() != Kind::tuple || view.size() != 4)
        ByteReader::fail_at(begin, "expected (key, root, offset, size) of a view, got ", view.repr(60));
      const auto root = ids.find(key_of(view[1]));
      if (root == ids.end()) ByteReader::fail_at(begin, "no storage has the key ", view[1].repr(40));
      Value::Items id = root->second.items();
      id.push_back(Value::tuple({view[0], view[2], view[3]}));
      add(key_of(view[0]), meaning_.storages().open(*reader_, Value::tuple(std::move(id))), begin);
    }
  }

  void read_tensors(ByteReader& at) {
    for (int64_t left = count(at, "the number of tensors"); left > 0; --left) {
      const uint64_t begin = at.position();
      const Value head = value(at);
      if (head.kind() != Kind::tuple || head.size() != 3)
        ByteReader::fail_at(begin, "expected (key, storage, class) of a tensor, got ", head.repr(60));
      const auto storage = meaning_.made.find(key_of(head[1]));
      if (storage == meaning_.made.end() || !meaning_.storages().find(storage->second))
        ByteReader::fail_at(begin, "no storage has the key ", head[1].repr(40));
      const auto dimensions = at.little<int32_t>();
      at.skip(4);
      if (dimensions < 0 || dimensions > most_dimensions)
        ByteReader::fail_at(begin, "expected a tensor of 0 to ", most_dimensions, " dimensions, got ",
                            dimensions);
      Value::Items size, stride;
      for (int32_t d = 0; d < dimensions; ++d) size.emplace_back(at.little<int64_t>());
      for (int32_t d = 0; d < dimensions; ++d) stride.emplace_back(at.little<int64_t>());
      const Value offset(at.little<int64_t>());
      try {
        add(key_of(head[0]),
            meaning_.rebuild(*reader_, Value::tuple({storage->second, offset, Value::tuple(std::move(size)),
                                                     Value::tuple(std::move(stride))})),
            begin);
      } catch (Error& e) {
        throw e.at_offset(begin);
      }
    }
  }

  const LoadOptions& options_;
  TarArchive archive_;
  TarSource source_;
  TarMeaning meaning_;
  std::unique_ptr<PickleReader> reader_;
  uint64_t begin_ = 0, charged_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace

ReadTree read_torch_tar(const std::shared_ptr<MappedFile>& file, const LoadOptions& options) {
  return TarReader(file, options).read();
}

}  // namespace sconce
