// Packed weights on disk, mapped where they lie.
//   magic "SconcePk", format version, ISA name, hash of the network, number of records, checksum of all that follows the header   (80 bytes)
//   of each record: offset in the file, floats
//   the records, 64-byte aligned, with 64 bytes behind the last
// Numbers are those of the machine that wrote the file; another one would have another ISA.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpu/plan/pack_store.h"

namespace sconce::plan {

class PackedFile {
 public:
  // Maps the file and checks that it is whole and meant for this ISA and network. Otherwise null, and `why` says it in a few words.
  static std::unique_ptr<PackedFile> open(const std::string& path, const std::string& isa, uint64_t hash,
                                          std::string& why);
  // Writes one, under another name first. Throws ErrorKind::io.
  static void write(const std::string& path, const std::string& isa, uint64_t hash,
                    const std::vector<PackStore::Made>& records);

  PackedFile(const PackedFile&) = delete;
  PackedFile& operator=(const PackedFile&) = delete;
  ~PackedFile();
  const std::vector<PackStore::Made>& records() const { return records_; }

 private:
  PackedFile() = default;
  void* mapping_ = nullptr;
  size_t bytes_ = 0;
  std::vector<PackStore::Made> records_;
};

// A checksum that goes through memory as fast as it can be read: finds changed, lost and moved bytes, not malice.
uint64_t checksum(const void* data, size_t bytes, uint64_t seed = 0);

}  // namespace sconce::plan
