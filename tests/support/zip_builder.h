// Builds zip archives byte for byte as torch.save does, and says where each header lies, so that a test can
// bend one.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace sconce::test {

struct BuiltZip {
  std::string bytes;
  // Where each record's headers begin, in the order they were added; and the three end records.
  std::vector<size_t> local, data, descriptor, central;
  size_t end64 = 0, locator = 0, end = 0;
};

struct ZipRecord {
  std::string name, content;
  bool deflate = false;
};

// Streamed local headers (flags 0x0808, zero sizes), "FB" padding to `alignment`, 16-byte descriptors, zip64
// end records.
BuiltZip build_zip(const std::vector<ZipRecord>& records, size_t alignment = 64);
// A small checkpoint-like archive: archive/data.pkl, archive/byteorder, archive/data/0, archive/version.
BuiltZip small_zip();

// Little-endian number of `width` bytes at `offset`.
uint64_t number_at(const std::string& bytes, size_t offset, size_t width);
void put_number(std::string& bytes, size_t offset, size_t width, uint64_t value);
void append_number(std::string& bytes, size_t width, uint64_t value);
uint32_t crc32_of(const std::string& bytes);
std::string deflate(const std::string& bytes);

}  // namespace sconce::test
