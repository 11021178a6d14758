// A file that is one pickle program, as pickle.dump writes it: values and NumPy arrays as they stand, and tensors,
// whose storages pickle as the bytes of a torch.save of their own.
#include "container.h"
#include "rebuild.h"
#include "sniff.h"

#include <unordered_set>

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr const char* load_from_bytes = "torch.storage._load_from_bytes";

// There are no storages beside a bare pickle.
class NoStorages : public StorageSource {
 public:
  NoStorages(std::string path, const LoadOptions& options)
      : path_(std::move(path)),
        materialized_(std::make_shared<MaterializedBytes>(options.budget.materialized_bytes)) {}
  const std::string& file() const override { return path_; }
  const std::shared_ptr<MaterializedBytes>& materialized() const override { return materialized_; }
  Storage open(StorageRequest) override {
    fail(ErrorKind::unsupported, "a storage outside this pickle: its bytes are not in the file");
  }

 private:
  std::string path_;
  std::shared_ptr<MaterializedBytes> materialized_;
};

class BareMeaning : public TorchMeaning {
 public:
  BareMeaning(NoStorages& source, const LoadOptions& options)
      : TorchMeaning(source, options), path_(source.file()), options_(options) {}

  Value persistent(PickleReader&, const Value&) override {
    fail(ErrorKind::unsupported,
         "this is the pickle of a checkpoint without the rest of it: it refers to storages that are not in "
         "the file; "
         "open the file that it was taken from");
  }

  Value call(PickleReader& reader, const Value& callable, const Value& arguments) override {
    if (callable.kind() == Kind::global && callable.as_string() == load_from_bytes && arguments.size() == 1 &&
        arguments[0].kind() == Kind::bytes)
      return nested(reader, arguments[0].as_string());
    return TorchMeaning::call(reader, callable, arguments);
  }

  ReadTree inner;  // warnings, globals and locations of the nested streams

 private:
  // The storage that the bytes of a torch.save hold. Those streams are read as files of their own, in which
  // this call means nothing: nothing in the file decides how deep this goes.
  Value nested(PickleReader& reader, const std::string& bytes) {
    reader.charge(2000);
    materialized().charge(bytes.size());
    const auto file = MappedFile::from_bytes(bytes, path_);
    const FileType type = sniff(file->bytes());
    if (type != FileType::legacy_stream && type != FileType::zip)
      fail(ErrorKind::corrupt, "expected the bytes of a torch.save in a pickled storage, got ",
           describe(type));
    ReadTree tree;
    std::string container;
    try {
      tree = type == FileType::zip ? read_torch_zip(file, options_, container)
                                   : read_legacy_stream(file, options_);
    } catch (const Error& e) {
      // Its offsets count from the beginning of those bytes, which is of no use to anyone.
      fail(e.kind(), "in a pickled storage: ", e.message());
    }
    if (tree.root.kind() != Kind::tensor || tree.root.as_tensor().dim() != 1 ||
        tree.root.as_tensor().storage_offset() != 0 || !tree.root.as_tensor().is_contiguous())
      fail(ErrorKind::corrupt, "expected one storage in the bytes of a pickled storage, got ",
           tree.root.type_name());
    inner.warnings.insert(inner.warnings.end(), tree.warnings.begin(), tree.warnings.end());
    inner.globals.insert(inner.globals.end(), tree.globals.begin(), tree.globals.end());
    inner.locations.add(tree.locations);
    storages().adopt(tree.root);
    return tree.root;
  }

  const std::string path_;
  const LoadOptions options_;
};

}  // namespace

ReadTree read_bare_pickle(const std::shared_ptr<MappedFile>& file, const LoadOptions& options) {
  NoStorages source(file->path(), options);
  BareMeaning meaning(source, options);
  PickleReader reader(file->bytes(), meaning, options.profile, options.budget);
  ReadTree out;
  out.root = reader.read();
  meaning.finish();
  out.globals = reader.globals();
  std::unordered_set<std::string> known(out.globals.begin(), out.globals.end());
  for (std::string& global : meaning.inner.globals)
    if (known.insert(global).second) out.globals.push_back(std::move(global));
  out.warnings = reader.warnings();
  out.warnings.insert(out.warnings.end(), meaning.inner.warnings.begin(), meaning.inner.warnings.end());
  out.locations = std::move(meaning.inner.locations);
  if (reader.length() != file->size()) {
    const std::string rest = concat(file->size() - reader.length(), " bytes follow the end of the pickle");
    if (options.profile == Profile::strict) ByteReader::fail_at(reader.length(), rest);
    out.warnings.push_back(rest);
  }
  return out;
}

}  // namespace sconce
