// A file's bytes in memory, without reading them: the one place that asks the operating system for files to
// read.
#pragma once
#include "bytes.h"

#include <memory>
#include <string>

namespace sconce {

// A private, copy-on-write mapping of a whole file: tensors that borrow from it may be written to, and the
// file never changes. Shared by handle; whoever borrows its bytes keeps the handle (Storage::borrow's
// keeper). A file that another program cuts short while it is mapped cannot be read safely by anyone; replace
// files by renaming, do not truncate them.
class MappedFile {
 public:
  // Throws ErrorKind::io with the system's words when the path is missing, unreadable, a folder, a pipe or a
  // device.
  // With `small_reads` read_at() works until end_small_reads().
  static std::shared_ptr<MappedFile> open(const std::string& path, bool small_reads = false);
  // The same from bytes in memory; `name` stands for the path.
  static std::shared_ptr<MappedFile> from_bytes(std::string bytes, std::string name);
  // Bytes that someone else keeps, as a file of their own: a member inside an archive, or one that was
  // inflated. Null keeper: the caller guarantees that they stay.
  static std::shared_ptr<MappedFile> from_memory(std::byte* data, size_t size, std::shared_ptr<void> keeper,
                                                 std::string name);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::string& path() const { return path_; }
  // Does it stand at path() on the disk, so that a file beside it may be meant?
  bool is_on_disk() const { return on_disk_; }
  size_t size() const { return size_; }
  Bytes bytes() const { return {data_, size_}; }
  // The first byte, writable; null for an empty file. Mapped files begin at a page boundary.
  std::byte* data() const { return data_; }

  // Copies bytes that lie alone in a large file, which is cheaper than mapping the pages around them for a look. False when
  // it cannot: the same bytes are in bytes() then, as ever.
  bool read_at(uint64_t offset, std::span<std::byte> out) const;
  void end_small_reads();

 private:
  MappedFile() = default;
  std::string path_, owned_;
  std::shared_ptr<void> keeper_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false, on_disk_ = false;
  int descriptor_ = -1;  // open while small reads are
};

}  // namespace sconce
