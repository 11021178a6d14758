// The content of an archive's records; its directory is read in zip_directory.cpp.
#include "zip.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

namespace sconce {
namespace {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

template <class... Parts>
[[noreturn]] void fail_record(const ZipEntry& entry, ErrorKind kind, const Parts&... parts) {
  Error error(kind, concat("[zip] ", parts...));
  throw error.in_record(std::string(entry.name));
}

void check_size(const ZipEntry& entry, const Budget& budget) {
  if (entry.size > budget.materialized_bytes)
    fail_record(entry, ErrorKind::out_of_budget, "the record has ", entry.size, " bytes, the budget allows ",
                budget.materialized_bytes);
}

}  // namespace

const ZipEntry* ZipArchive::find(std::string_view name) const { return find(name, HashIndex::hash(name)); }

const ZipEntry* ZipArchive::find(std::string_view name, uint64_t hash) const {
  const size_t place = by_name_.find(hash, [&](size_t i) { return entries_[i].name == name; });
  return place == HashIndex::npos ? nullptr : &entries_[place];
}

const ZipEntry* ZipArchive::record(std::string_view name) const { return record(name, {}); }

const ZipEntry* ZipArchive::record(std::string_view folder, std::string_view name) const {
  const size_t length = root_.size() + folder.size() + name.size();
  std::array<char, 128> small;
  std::string large;
  if (length > small.size()) large.resize(length);
  char* const full = large.empty() ? small.data() : large.data();
  char* end = full;
  for (const std::string_view part : {std::string_view(root_), folder, name})
    end = std::copy(part.begin(), part.end(), end);
  return find({full, length});
}

Bytes ZipArchive::stored_bytes(const ZipEntry& entry) const {
  check(entry.is_stored(), "[zip] a deflated record has no bytes in place; inflate it");
  return bytes_.subspan(entry.data_offset, entry.stored_size);
}

Storage ZipArchive::inflate(const ZipEntry& entry, const Budget& budget) const {
  check_size(entry, budget);
  const Bytes packed = bytes_.subspan(entry.data_offset, entry.stored_size);
  if (entry.is_stored()) {
    Storage out = Storage::allocate(entry.size);
    if (!packed.empty()) std::memcpy(out.data(), packed.data(), packed.size());
    return out;
  }
  uint64_t most = 0;
  if (checked_product(entry.stored_size, budget.inflate_ratio, most) && entry.size > most)
    fail_record(entry, ErrorKind::out_of_budget, "the record says that ", entry.stored_size,
                " bytes inflate to ", entry.size, ", more than the budget's ", budget.inflate_ratio, " to 1");
  Storage out = Storage::allocate(entry.size);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> inflater(libdeflate_alloc_decompressor());
  if (!inflater) fail_record(entry, ErrorKind::out_of_budget, "no memory to inflate the record");
  // An empty record still needs an address to write nothing to.
  std::byte nothing{};
  size_t used = 0, made = 0;
  const auto result =
      libdeflate_deflate_decompress_ex(inflater.get(), packed.data(), packed.size(),
                                       entry.size == 0 ? &nothing : out.data(), entry.size, &used, &made);
  if (result != LIBDEFLATE_SUCCESS || made != entry.size)
    fail_record(entry, ErrorKind::corrupt, "the deflated record is damaged: it does not inflate to ",
                entry.size, " bytes");
  if (used != packed.size())
    fail_record(entry, ErrorKind::corrupt, packed.size() - used,
                " bytes follow the deflated stream inside its record");
  return out;
}

std::string ZipArchive::read_text(const ZipEntry& entry, uint64_t max_bytes) const {
  Budget budget;
  budget.materialized_bytes = max_bytes;
  check_size(entry, budget);
  const Storage inflated = entry.is_stored() ? Storage() : inflate(entry, budget);
  const Bytes content = entry.is_stored() ? stored_bytes(entry) : bytes_of(inflated);
  check_crc(entry, content);
  return std::string(text_of(content));
}

void ZipArchive::check_crc(const ZipEntry& entry, const Budget& budget) const {
  if (entry.is_stored()) return check_crc(entry, stored_bytes(entry));
  check_crc(entry, bytes_of(inflate(entry, budget)));
}

void ZipArchive::check_crc(const ZipEntry& entry, Bytes content) {
  if (!entry.has_crc()) return;
  const uint32_t found = content.empty() ? 0 : libdeflate_crc32(0, content.data(), content.size());
  if (found != entry.crc)
    fail_record(entry, ErrorKind::corrupt, "the record's bytes are damaged: expected CRC-32 ", entry.crc,
                ", got ", found);
}

int torch_archive_version(const ZipArchive& archive) {
  const ZipEntry* entry = archive.record(".data/version");
  if (!entry) entry = archive.record("version");
  if (!entry)
    fail(ErrorKind::corrupt,
         "[zip] expected a record 'version', found none: not an archive that torch.save wrote");
  std::string text = archive.read_text(*entry);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size())
    fail_record(*entry, ErrorKind::corrupt, "expected a decimal version number, got '", text.substr(0, 40),
                "'");
  if (version < 1 || version > 10)
    fail_record(*entry, ErrorKind::unsupported, "expected archive version 1 to 10, got ", version,
                ": the file was written by a newer PyTorch");
  return version;
}

}  // namespace sconce
