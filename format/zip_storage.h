// The records of a torch archive as storages.
#pragma once
#include "mapped_file.h"
#include "storage_source.h"
#include "zip.h"

#include <memory>
#include <string>

namespace sconce {

// What every storage of the archive shares; kept alive by those that are still to be read.
struct ZipFile {
  std::shared_ptr<MappedFile> file;
  ZipArchive archive;
  Budget budget;
  bool verify_crc;
  std::shared_ptr<MaterializedBytes> materialized;

  ZipFile(std::shared_ptr<MappedFile> file, const LoadOptions& options);

  std::byte* in_place(const ZipEntry& entry) const { return file->data() + entry.data_offset; }
  // The record's content in memory of its own, counted against the budget. Throws what ZipArchive::inflate throws.
  Storage copy(const ZipEntry& entry) const;
  // The record's content, checked with its CRC-32 as the options ask; `keeper` gets what holds it when it is no part of the
  // file.
  Bytes read(const ZipEntry& entry, Storage& keeper) const;
};

// Storages in the records of one folder: "data/0", or "constants/0" for TorchScript's constants.
class ZipSource : public StorageSource {
 public:
  ZipSource(std::shared_ptr<const ZipFile> zip, bool swaps, std::string folder = "data/")
      : zip_(std::move(zip)), swaps_(swaps), folder_(std::move(folder)) {}

  const std::string& file() const override { return zip_->file->path(); }
  bool swaps() const override { return swaps_; }
  const std::shared_ptr<MaterializedBytes>& materialized() const override { return zip_->materialized; }
  Storage open(StorageRequest request) override;

 private:
  std::shared_ptr<const ZipFile> zip_;
  bool swaps_;
  std::string folder_;
};

// Is the archive's byte order another than the machine's? Absent means little-endian. Throws ErrorKind::corrupt for a third.
bool file_swaps(const ZipArchive& archive);

}  // namespace sconce
