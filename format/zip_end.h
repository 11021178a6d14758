// How a zip archive is checked, and the records at its end that say where the directory is.
#pragma once
#include "bytes.h"

#include <string>
#include <vector>

namespace sconce {

constexpr uint32_t zip_local_signature = 0x04034b50;
constexpr uint16_t zip_full16 = 0xffff;  // "see the zip64 field", as is
constexpr uint32_t zip_full32 = 0xffffffff;

// A record's name fit for a message: whatever the file says, one short line.
inline std::string printable(std::string_view name) {
  std::string out;
  for (char c : name.substr(0, 120)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return name.size() > 120 ? out + "..." : out;
}

// The archive's bytes, and what to do about a contradiction in them.
class ZipChecks {
 public:
  ZipChecks(Bytes bytes, bool strict, std::vector<std::string>& warnings)
      : bytes_(bytes), strict_(strict), warnings_(warnings) {}

  uint64_t size() const { return bytes_.size(); }
  const std::byte* at(uint64_t offset) const { return bytes_.data() + offset; }
  bool has(uint64_t offset, uint64_t length) const { return offset <= size() && length <= size() - offset; }
  bool signature_at(uint64_t offset, uint32_t signature) const {
    return has(offset, 4) && load_little<uint32_t>(at(offset)) == signature;
  }

  template <class... Parts>
  [[noreturn]] void refuse(uint64_t offset, const Parts&... parts) const {
    ByteReader::fail_at(offset, "[zip] ", parts...);
  }
  template <class... Parts>
  [[noreturn]] void refuse_unsupported(uint64_t offset, const Parts&... parts) const {
    Error error(ErrorKind::unsupported, concat("[zip] ", parts...));
    error.at_offset(offset);
    throw error;
  }
  // For what torch reads past: an error in the strict profile, a warning in the other.
  template <class... Parts>
  void object(uint64_t offset, const Parts&... parts) {
    if (strict_) refuse(offset, parts...);
    warn(parts...);
  }
  template <class... Parts>
  void warn(const Parts&... parts) {
    if (warnings_.size() < 100) warnings_.push_back(concat("[zip] ", parts...));
  }

 protected:
  Bytes bytes_;
  bool strict_;
  std::vector<std::string>& warnings_;
};

// The directory's place and length, from the records at the end of the file.
struct DirectoryEnd {
  uint64_t entries = 0, size = 0, offset = 0;
  uint64_t begins_at = 0;  // where the first end record begins
};

// Finds the end records and checks that they agree and that the directory lies before them.
// Throws ErrorKind::corrupt, and unsupported for split archives.
DirectoryEnd find_zip_end(ZipChecks archive);

}  // namespace sconce
