// Zip archives: the directory of records, and the bytes of each.
//
// Layout as torch.save writes it (format/README.md): local headers are streamed, so sizes and CRC-32 there
// are 0 and only the central directory is believed; the local header is read for where the data begins, and
// for contradictions.
#pragma once
#include "bytes.h"
#include "mapped_file.h"

#include <sconce/checkpoint.h>
#include <sconce/hash_index.h>

#include <string>
#include <string_view>
#include <vector>

namespace sconce {

// One record, as the central directory describes it. All numbers have been checked against the archive.
struct ZipEntry {
  std::string_view name;     // in full, where the directory has it: "archive/data/0"
  uint16_t method = 0;       // 0 stored, 8 deflated
  uint16_t flags = 0;        // general-purpose bits
  uint32_t crc = 0;          // CRC-32 of the content
  uint64_t stored_size = 0;  // bytes in the archive
  uint64_t size = 0;         // bytes of the content
  uint64_t header_offset = 0, data_offset = 0,
           end_offset = 0;  // local header, stored bytes, end including the descriptor

  bool is_stored() const { return method == 0; }
  bool is_folder() const { return name.back() == '/'; }
  // torch.save can be told not to compute checksums; it then writes 0 everywhere.
  bool has_crc() const { return crc != 0 || size == 0; }
};

// What the archive must look like.
enum class ZipLayout {
  torch,  // all records lie in one root folder (Profile::compat also takes an archive without folders)
  plain,  // any names
};

// The records of an archive in memory. It does not own the bytes: they must outlive it. Move-only.
// What contradicts itself is refused in Profile::strict and becomes a warning in Profile::compat where torch
// reads past it; damage that would make a read wrong is refused in both.
class ZipArchive {
 public:
  // Reads and checks the directory and every local header; no content yet. Throws ErrorKind::corrupt, or
  // unsupported for encryption, several disks or a compression method other than deflate.
  explicit ZipArchive(Bytes bytes, Profile profile = Profile::strict, ZipLayout layout = ZipLayout::torch)
      : ZipArchive(bytes, nullptr, profile, layout) {}
  // The same of a file; the headers of records that lie far apart are read without mapping their pages.
  ZipArchive(const MappedFile& file, Profile profile, ZipLayout layout = ZipLayout::torch)
      : ZipArchive(file.bytes(), &file, profile, layout) {}
  ZipArchive(ZipArchive&&) = default;
  ZipArchive& operator=(ZipArchive&&) = default;

  // In the order of the central directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }
  // The root folder with its slash, "archive/"; empty with ZipLayout::plain or where there is none.
  const std::string& root() const { return root_; }
  // By full name; null when absent.
  const ZipEntry* find(std::string_view name) const;
  // By name in the root folder: record("data.pkl"), record("data/0"); null when absent.
  const ZipEntry* record(std::string_view name) const;
  // The same of a name in a folder: record("data/", "0").
  const ZipEntry* record(std::string_view folder, std::string_view name) const;
  // Contradictions that were tolerated, one sentence each.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // A stored record's content, in place. Throws ErrorKind::invalid_argument for a deflated one.
  Bytes stored_bytes(const ZipEntry& entry) const;
  // A deflated (or stored) record's content in memory of its own. Throws ErrorKind::out_of_budget before
  // allocating when it would be larger than budget.materialized_bytes or than budget.inflate_ratio times the
  // stored bytes, and ErrorKind::corrupt when the stream is damaged or does not give exactly entry.size
  // bytes. Does not check the CRC-32.
  Storage inflate(const ZipEntry& entry, const Budget& budget = {}) const;
  // A copy of the record's content as text, checked with its CRC-32; for small records ("byteorder",
  // "version").
  std::string read_text(const ZipEntry& entry, uint64_t max_bytes = 4096) const;

  // Throws ErrorKind::corrupt, naming the record, when `content` does not match the recorded CRC-32 (0 on a
  // record that is not empty means that none was recorded). The first form reads a stored record in place,
  // and inflates a deflated one.
  void check_crc(const ZipEntry& entry, const Budget& budget = {}) const;
  static void check_crc(const ZipEntry& entry, Bytes content);

 private:
  ZipArchive(Bytes bytes, const MappedFile* file, Profile profile, ZipLayout layout);
  const ZipEntry* find(std::string_view name, uint64_t hash) const;

  Bytes bytes_;
  std::vector<ZipEntry> entries_;
  HashIndex by_name_;
  std::string root_;
  std::vector<std::string> warnings_;
};

// The archive's format version: record ".data/version", else "version"; a decimal number from 1 to 10.
// Throws ErrorKind::corrupt when both are missing or it is no number, ErrorKind::unsupported outside the
// range.
int torch_archive_version(const ZipArchive& archive);

}  // namespace sconce
