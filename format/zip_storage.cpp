#include "zip_storage.h"

#include <bit>
#include <cstring>

namespace sconce {
namespace {

std::shared_ptr<void> load(const ZipFile& zip, const ZipEntry& entry, bool in_place, size_t unit) {
  if (entry.is_stored() && zip.verify_crc) ZipArchive::check_crc(entry, zip.archive.stored_bytes(entry));
  if (in_place) return {zip.file, zip.in_place(entry)};
  const Storage copy = zip.copy(entry);
  if (!entry.is_stored() && zip.verify_crc) ZipArchive::check_crc(entry, bytes_of(copy));
  swap_bytes(copy.data(), copy.nbytes(), unit);
  return {std::make_shared<Storage>(copy), copy.data()};
}

}  // namespace

ZipFile::ZipFile(std::shared_ptr<MappedFile> f, const LoadOptions& options)
    : file(std::move(f)),
      archive(*file, options.profile),
      budget(options.budget),
      verify_crc(options.verify_crc),
      materialized(std::make_shared<MaterializedBytes>(options.budget.materialized_bytes)) {}

Storage ZipFile::copy(const ZipEntry& entry) const {
  materialized->charge(entry.size);
  if (!entry.is_stored()) return archive.inflate(entry, budget);
  const Storage out = Storage::allocate(entry.size);
  if (entry.size) std::memcpy(out.data(), in_place(entry), entry.size);
  return out;
}

Bytes ZipFile::read(const ZipEntry& entry, Storage& keeper) const {
  Bytes bytes;
  if (entry.is_stored())
    bytes = archive.stored_bytes(entry);
  else
    keeper = copy(entry), bytes = bytes_of(keeper);
  if (verify_crc) ZipArchive::check_crc(entry, bytes);
  return bytes;
}

Storage ZipSource::open(StorageRequest request) {
  const ZipEntry* entry = zip_->archive.record(folder_, request.key);
  if (!entry) {
    fail(ErrorKind::corrupt, request.path.empty() ? "a tensor" : "tensor " + request.path, ": record \"",
         zip_->archive.root(), folder_, request.key, "\" is absent");
  }
  if (entry->size != request.nbytes)
    fail(ErrorKind::corrupt, "record \"", entry->name, "\" has ", entry->size, " bytes, its storage needs ",
         request.nbytes);
  if (entry->size == 0) return Storage::borrow(zip_->file->data(), 0, zip_->file);
  const bool aligned = reinterpret_cast<uintptr_t>(zip_->in_place(*entry)) % request.alignment == 0;
  const bool in_place = entry->is_stored() && aligned && !swaps_;
  if (in_place && !(zip_->verify_crc && entry->has_crc()))
    return Storage::borrow(zip_->in_place(*entry), entry->size, zip_->file);
  return Storage::deferred(entry->size, [zip = zip_, entry, in_place, unit = std::move(request.swap_unit),
                                         path = std::move(request.path)] {
    try {
      return load(*zip, *entry, in_place, unit ? *unit : 1);
    } catch (Error& e) {
      throw e.in_file(zip->file->path()).in_record(std::string(entry->name)).at_key(path);
    }
  });
}

bool file_swaps(const ZipArchive& archive) {
  std::string order = "little";
  if (const ZipEntry* entry = archive.record("byteorder")) order = archive.read_text(*entry);
  if (order != "little" && order != "big")
    fail(ErrorKind::corrupt, "expected byte order \"little\" or \"big\", got ", Value(order).repr(40));
  return (order == "big") != (std::endian::native == std::endian::big);
}

}  // namespace sconce
