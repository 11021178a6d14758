// Writing a zip archive as torch.save does, in one pass over the content.
#pragma once
#include "bytes.h"

#include <functional>
#include <string>
#include <string_view>

namespace sconce {

// Stored records under one root folder, each aligned; the layout stands in format/README.md, and is that of
// PyTorch 2.15 byte for byte. Nothing is kept but the directory. Call begin, write... and end for a record, or
// add; and finish once, at the end.
class ZipWriter {
 public:
  // Takes the archive's bytes in order. What it throws passes through.
  using Sink = std::function<void(Bytes)>;

  // `root` is the folder without its slash; empty for records without a folder, as in .npz. The content of each record begins at a multiple of `alignment`, a
  // power of two up to 32768.
  ZipWriter(Sink sink, std::string root, uint32_t alignment);

  // A record whose content comes in pieces, `size` bytes in all; end() throws std::logic_error for another
  // sum. Its CRC-32 is computed piece by piece, on the way to the sink.
  void begin(std::string_view name, uint64_t size);
  void write(Bytes piece);
  void end();
  void add(std::string_view name, Bytes content);

  // 40 decimal digits made of the names and checksums of all records so far: the same content gives the same.
  std::string content_id() const;
  // The directory and the end records.
  void finish();

 private:
  void emit(const std::string& bytes);

  Sink sink_;
  const std::string root_;
  const uint32_t alignment_;
  std::string directory_;
  uint64_t position_ = 0, records_ = 0;
  uint64_t names_hash_, content_hash_;

  // Of the open record.
  std::string name_;
  uint64_t header_offset_ = 0, size_ = 0, written_ = 0;
  uint32_t crc_ = 0;
};

}  // namespace sconce
