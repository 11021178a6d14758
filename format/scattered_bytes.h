// Short looks at a few places of a large file.
#pragma once
#include "mapped_file.h"

#include <array>

namespace sconce {

// Bytes of a file, or, where the places that one looks at lie far apart, copies of them: touching a mapped page costs more than
// reading a few bytes of it, and unmapping it costs again.
class ScatteredBytes {
 public:
  // Null file: there are only the bytes.
  ScatteredBytes(Bytes bytes, const MappedFile* file) : bytes_(bytes), file_(file) {}

  // So many places in so many bytes.
  void expect(size_t places, uint64_t in_bytes);
  // The bytes there, which the caller knows to exist; valid until the next call.
  const std::byte* at(uint64_t offset, uint64_t length) {
    if (!copies_) return bytes_.data() + offset;
    return copy(offset, length);
  }

 private:
  const std::byte* copy(uint64_t offset, uint64_t length);

  Bytes bytes_;
  const MappedFile* file_;
  bool copies_ = false;
  std::array<std::byte, 4096> window_{};
  uint64_t begin_ = 0;
  size_t filled_ = 0;
};

}  // namespace sconce
