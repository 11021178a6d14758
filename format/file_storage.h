// Parts of a mapped file as storages: used in place where the machine can, copied on demand where not.
#pragma once
#include "mapped_file.h"
#include "storage_source.h"

#include <sconce/checkpoint.h>

#include <bit>
#include <memory>
#include <string>

namespace sconce {

// Numbers of one dtype, one after the other.
struct FilePart {
  uint64_t offset = 0, nbytes = 0;
  DType dtype = DType::u8;
  std::endian order = std::endian::little;
  std::string key;  // for messages
};

// Gives storages over one file that the caller has checked to hold them. Copies share.
class FileStorages {
 public:
  FileStorages(std::shared_ptr<MappedFile> file, const LoadOptions& options)
      : file_(std::move(file)),
        target_(target_of(options.map_location)),
        materialized_(std::make_shared<MaterializedBytes>(options.budget.materialized_bytes)) {}

  // Borrowed from the mapping when the bytes are aligned for their numbers and in this machine's order; else
  // copied (counted against budget.materialized_bytes) when first asked for. Bools are checked then too.
  Storage open(const FilePart& part) const;

  const MappedFile& file() const { return *file_; }
  const std::shared_ptr<MaterializedBytes>& materialized() const { return materialized_; }

 private:
  // Where map_location sends what was saved from the CPU.
  static Device target_of(const MapLocation& map);

  std::shared_ptr<MappedFile> file_;
  Device target_;
  std::shared_ptr<MaterializedBytes> materialized_;
};

}  // namespace sconce
