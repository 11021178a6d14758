// The zip archive of torch.save since 1.6: data.pkl, and one record for each storage under data/.
#include "container.h"
#include "rebuild.h"

#include <cstring>

namespace sconce {
namespace {

// What every storage of the archive shares; kept alive by those that are still to be read.
struct ZipFile {
  std::shared_ptr<MappedFile> file;
  ZipArchive archive;
  Budget budget;
  bool verify_crc;
  std::shared_ptr<MaterializedBytes> materialized;

  ZipFile(std::shared_ptr<MappedFile> f, const LoadOptions& options)
      : file(std::move(f)),
        archive(file->bytes(), options.profile),
        budget(options.budget),
        verify_crc(options.verify_crc),
        materialized(std::make_shared<MaterializedBytes>(options.budget.materialized_bytes)) {}

  std::byte* in_place(const ZipEntry& entry) const { return file->data() + entry.data_offset; }

  // The record's content in memory of its own.
  Storage copy(const ZipEntry& entry) const {
    materialized->charge(entry.size);
    if (!entry.is_stored()) return archive.inflate(entry, budget);
    const Storage out = Storage::allocate(entry.size);
    if (entry.size) std::memcpy(out.data(), in_place(entry), entry.size);
    return out;
  }
};

class ZipSource : public StorageSource {
 public:
  ZipSource(std::shared_ptr<const ZipFile> zip, bool swaps) : zip_(std::move(zip)), swaps_(swaps) {}

  const std::string& file() const override { return zip_->file->path(); }
  bool swaps() const override { return swaps_; }
  const std::shared_ptr<MaterializedBytes>& materialized() const override { return zip_->materialized; }

  Storage open(const StorageRequest& request) override {
    const ZipEntry* entry = zip_->archive.record("data/" + request.key);
    if (!entry) {
      fail(ErrorKind::corrupt, request.path.empty() ? "a tensor" : "tensor " + request.path, ": record \"",
           zip_->archive.root(), "data/", request.key, "\" is absent");
    }
    if (entry->size != request.nbytes)
      fail(ErrorKind::corrupt, "record \"", entry->name, "\" has ", entry->size, " bytes, its storage needs ",
           request.nbytes);
    if (entry->size == 0) return Storage::borrow(zip_->file->data(), 0, zip_->file);
    const bool aligned = reinterpret_cast<uintptr_t>(zip_->in_place(*entry)) % request.alignment == 0;
    const bool in_place = entry->is_stored() && aligned && !swaps_;
    if (in_place && !(zip_->verify_crc && entry->has_crc()))
      return Storage::borrow(zip_->in_place(*entry), entry->size, zip_->file);
    return Storage::deferred(entry->size,
                             [zip = zip_, entry, in_place, unit = request.swap_unit, path = request.path] {
                               try {
                                 return read(*zip, *entry, in_place, unit ? *unit : 1);
                               } catch (Error& e) {
                                 throw e.in_file(zip->file->path()).in_record(entry->name).at_key(path);
                               }
                             });
  }

 private:
  static std::shared_ptr<void> read(const ZipFile& zip, const ZipEntry& entry, bool in_place, size_t unit) {
    if (entry.is_stored() && zip.verify_crc) ZipArchive::check_crc(entry, zip.archive.stored_bytes(entry));
    if (in_place) return {zip.file, zip.in_place(entry)};
    const Storage copy = zip.copy(entry);
    if (!entry.is_stored() && zip.verify_crc) ZipArchive::check_crc(entry, bytes_of(copy));
    swap_bytes(copy.data(), copy.nbytes(), unit);
    return {std::make_shared<Storage>(copy), copy.data()};
  }

  std::shared_ptr<const ZipFile> zip_;
  bool swaps_;
};

// Is the file's byte order another than the machine's? Absent means little-endian.
bool file_swaps(const ZipArchive& archive) {
  std::string order = "little";
  if (const ZipEntry* entry = archive.record("byteorder")) order = archive.read_text(*entry);
  if (order != "little" && order != "big")
    fail(ErrorKind::corrupt, "expected byte order \"little\" or \"big\", got ", Value(order).repr(40));
  return (order == "big") != (std::endian::native == std::endian::big);
}

}  // namespace

ReadTree read_torch_zip(const std::shared_ptr<MappedFile>& file, const LoadOptions& options) {
  const auto zip = std::make_shared<const ZipFile>(file, options);
  const ZipArchive& archive = zip->archive;
  const ZipEntry* program = archive.record("data.pkl");
  if (!program) {
    std::string names;
    for (size_t i = 0; i < archive.entries().size() && i < 4; ++i)
      names += (i ? ", " : "") + archive.entries()[i].name;
    fail(ErrorKind::unsupported,
         "a zip archive without the record data.pkl, so no PyTorch checkpoint; it holds ",
         archive.entries().size(), " records", names.empty() ? "" : ": ", names,
         archive.entries().size() > 4 ? ", ..." : "");
  }
  torch_archive_version(archive);
  ZipSource source(zip, file_swaps(archive));
  TorchMeaning meaning(source, options);
  if (program->size > options.budget.pickle_bytes)
    fail(ErrorKind::out_of_budget, "record \"", program->name, "\" has ", program->size,
         " bytes; the limit is ", options.budget.pickle_bytes);

  ReadTree out;
  out.warnings = archive.warnings();
  try {
    Storage inflated;
    Bytes bytes;
    if (program->is_stored())
      bytes = archive.stored_bytes(*program);
    else
      inflated = zip->copy(*program), bytes = bytes_of(inflated);
    if (options.verify_crc) ZipArchive::check_crc(*program, bytes);
    PickleReader reader(bytes, meaning, options.profile, options.budget);
    out.root = reader.read();
    if (reader.length() != bytes.size()) {
      const std::string rest = concat(bytes.size() - reader.length(), " bytes follow the end of the pickle");
      if (options.profile == Profile::strict) {
        Error e(ErrorKind::corrupt, rest);
        throw e.at_offset(reader.length());
      }
      out.warnings.push_back(rest);
    }
    out.globals = reader.globals();
    out.warnings.insert(out.warnings.end(), reader.warnings().begin(), reader.warnings().end());
  } catch (Error& e) {
    throw e.in_record(program->name);
  }
  if (archive.record("constants.pkl"))
    out.warnings.push_back("a TorchScript archive: its parameters are in the tree, its code is not run");
  out.locations = meaning.locations();
  return out;
}

}  // namespace sconce
