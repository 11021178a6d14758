// The directory of a zip archive, read and checked: where the records lie and that the archive tells one
// story about them.
#include "scattered_bytes.h"
#include "zip.h"
#include "zip_end.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

namespace sconce {
namespace {

constexpr uint32_t central_signature = 0x02014b50, descriptor_signature = 0x08074b50;
constexpr uint64_t local_size = 30, central_size = 46;
constexpr uint16_t encryption_flags = 1 << 0 | 1 << 6 | 1 << 13;  // plain, strong, hidden directory
constexpr uint16_t descriptor_flag = 1 << 3, patched_flag = 1 << 5;
// How hard the compressor tried; writers disagree with themselves.
constexpr uint16_t compression_hint_flags = 0x6;

const char* method_name(uint16_t method) {
  switch (method) {
    case 9: return " (deflate64)";
    case 12: return " (bzip2)";
    case 14: return " (LZMA)";
    case 93: return " (zstd)";
    case 95: return " (xz)";
    case 99: return " (AES encryption)";
    default: return "";
  }
}

// The three sizes that zip64 may move into an extra field.
struct Sizes {
  uint64_t content, stored, header_offset;
};

class DirectoryReader : ZipChecks {
 public:
  DirectoryReader(Bytes bytes, const MappedFile* file, bool strict, std::vector<std::string>& warnings)
      : ZipChecks(bytes, strict, warnings), headers_(bytes, file) {}

  std::vector<ZipEntry> read() {
    const DirectoryEnd end = find_zip_end(static_cast<const ZipChecks&>(*this));
    std::vector<ZipEntry> entries = read_central(end);
    headers_.expect(entries.size(), end.offset);
    for (ZipEntry& entry : entries) {
      try {
        read_local(entry, end.offset);
      } catch (Error& e) {
        e.in_record(printable(entry.name));
        throw;
      }
    }
    check_extents(entries, end.offset);
    return entries;
  }

 private:
  std::vector<ZipEntry> read_central(const DirectoryEnd& end);
  void widen(Bytes extra, uint64_t extra_at, Sizes& sizes, bool disk_too);
  std::optional<Bytes> find_zip64(Bytes extra, uint64_t extra_at);
  void read_local(ZipEntry& entry, uint64_t directory_at);
  void check_local_sizes(const ZipEntry& entry, const std::byte* header, Bytes extra, uint64_t extra_at);
  uint64_t descriptor_length(const ZipEntry& entry);
  void check_extents(const std::vector<ZipEntry>& entries, uint64_t directory_at);

  ScatteredBytes headers_;
};

std::vector<ZipEntry> DirectoryReader::read_central(const DirectoryEnd& end) {
  if (end.entries > end.size / central_size)
    refuse(end.begins_at, "expected at most ", end.size / central_size, " entries in a directory of ",
           end.size, " bytes, got ", end.entries);
  std::vector<ZipEntry> out;
  out.reserve(static_cast<size_t>(end.entries));
  ByteReader in(bytes_.subspan(end.offset, end.size), end.offset);
  for (uint64_t i = 0; i < end.entries; ++i) {
    const uint64_t here = in.position();
    if (in.remaining() < central_size || load_little<uint32_t>(in.rest().data()) != central_signature)
      refuse(here, "expected entry ", i, " of the directory, got other bytes");
    const std::byte* const fixed = in.take(central_size).data();
    const auto number16 = [fixed](size_t at) { return load_little<uint16_t>(fixed + at); };
    const auto number32 = [fixed](size_t at) { return load_little<uint32_t>(fixed + at); };
    ZipEntry& entry = out.emplace_back();
    entry.flags = number16(8);
    entry.method = number16(10);
    entry.crc = number32(16);
    Sizes sizes{.content = number32(24), .stored = number32(20), .header_offset = number32(42)};
    const uint16_t name_length = number16(28), extra_length = number16(30);
    const uint16_t comment_length = number16(32), disk = number16(34);
    entry.name = in.take_text(name_length);
    const uint64_t extra_at = in.position();
    const Bytes extra = in.take(extra_length);
    in.skip(comment_length);
    try {
      widen(extra, extra_at, sizes, disk == zip_full16);
      entry.size = sizes.content;
      entry.stored_size = sizes.stored;
      entry.header_offset = sizes.header_offset;
      if (entry.name.empty()) refuse(here, "entry ", i, " of the directory has no name");
      if (std::memchr(entry.name.data(), 0, entry.name.size())) refuse(here, "the name contains a zero byte");
      if (disk != 0 && disk != zip_full16)
        refuse_unsupported(here, "the record lies in another part of a split archive");
      if (entry.flags & encryption_flags) refuse_unsupported(here, "the record is encrypted");
      if (entry.flags & patched_flag) refuse_unsupported(here, "the record is a patch of another file");
      if (entry.method != 0 && entry.method != 8)
        refuse_unsupported(here, "expected a stored or deflated record, got compression method ",
                           entry.method, method_name(entry.method));
      if (entry.is_stored() && entry.stored_size != entry.size)
        refuse(here, "expected the same size twice for a stored record, got ", entry.stored_size, " and ",
               entry.size);
      if (entry.is_folder() && entry.size != 0)
        refuse(here, "expected a folder without content, got ", entry.size, " bytes");
    } catch (Error& e) {
      e.in_record(printable(entry.name));
      throw;
    }
  }
  if (!in.at_end())
    object(in.position(), "the directory has ", in.remaining(), " bytes after its ", end.entries, " entries");
  return out;
}

// The content of extra field 0x0001, if there is one.
std::optional<Bytes> DirectoryReader::find_zip64(Bytes extra, uint64_t extra_at) {
  std::optional<Bytes> found;
  ByteReader in(extra, extra_at);
  while (in.remaining() >= 4) {
    const auto id = in.little<uint16_t>(), length = in.little<uint16_t>();
    if (length > in.remaining()) {
      object(in.position(), "extra field 0x", std::hex, id, std::dec, " of ", length,
             " bytes reaches past its header");
      return found;
    }
    const Bytes content = in.take(length);
    if (id != 1) continue;
    if (found) refuse(in.position(), "two zip64 fields in one header");
    found = content;
  }
  if (!in.at_end()) object(in.position(), in.remaining(), " stray bytes in the extra field");
  return found;
}

// Replaces each saturated 32-bit number by the next 64-bit one of the zip64 field.
void DirectoryReader::widen(Bytes extra, uint64_t extra_at, Sizes& sizes, bool disk_too) {
  const auto field = find_zip64(extra, extra_at);
  ByteReader in(field.value_or(Bytes{}), extra_at);
  for (uint64_t* number : {&sizes.content, &sizes.stored, &sizes.header_offset}) {
    if (*number != zip_full32) continue;
    if (in.remaining() < 8) refuse(extra_at, "a number that needs zip64, and no zip64 field that holds it");
    *number = in.little<uint64_t>();
  }
  if (disk_too && (in.remaining() < 4 || in.little<uint32_t>() != 0))
    refuse_unsupported(extra_at, "the record lies in another part of a split archive");
}

void DirectoryReader::read_local(ZipEntry& entry, uint64_t directory_at) {
  const uint64_t here = entry.header_offset;
  const uint64_t room = here > directory_at ? 0 : directory_at - here;
  const std::byte* header = room < local_size ? nullptr : headers_.at(here, local_size);
  if (!header || load_little<uint32_t>(header) != zip_local_signature)
    refuse(here, "expected the record's header here, got other bytes");
  // With its name and extra field, as far as there is room for them.
  const uint64_t length =
      local_size + load_little<uint16_t>(header + 26) + load_little<uint16_t>(header + 28);
  const Bytes whole(headers_.at(here, std::min(length, room)), static_cast<size_t>(std::min(length, room)));
  ByteReader in(whole, here);
  in.skip(6);  // signature, version
  const auto flags = in.little<uint16_t>(), method = in.little<uint16_t>();
  in.skip(16);  // time, date, CRC-32 and sizes: see check_local_sizes
  const auto name_length = in.little<uint16_t>(), extra_length = in.little<uint16_t>();
  const std::string_view name = in.take_text(name_length);
  const uint64_t extra_at = in.position();
  const Bytes extra = in.take(extra_length);
  entry.data_offset = in.position();
  if (entry.stored_size > room - length)
    refuse(here, "expected ", entry.stored_size, " bytes of content, ", room - length,
           " lie before the directory");
  entry.end_offset = entry.data_offset + entry.stored_size;

  // Scanners and loaders that believe different headers see different files, so the two must agree.
  if (name != entry.name)
    object(here, "the record's own header calls it '", printable(name), "', the directory '",
           printable(entry.name), "'");
  if (method != entry.method)
    object(here, "the record's own header says method ", method, ", the directory ", entry.method);
  if ((flags ^ entry.flags) & ~compression_hint_flags)
    object(here, "the record's own header says flags ", flags, ", the directory ", entry.flags);
  check_local_sizes(entry, whole.data(), extra, extra_at);
  if (entry.flags & descriptor_flag) {
    const uint64_t length = descriptor_length(entry);
    if (length == 0)
      object(entry.end_offset, "the data descriptor after the record disagrees with the directory");
    entry.end_offset += length;
  }
}

// A streamed record has zeros in its own header, and PyTorch leaves them also where zip64 asks for
// 0xffffffff. What is not zero must be what the directory says.
void DirectoryReader::check_local_sizes(const ZipEntry& entry, const std::byte* header, Bytes extra,
                                        uint64_t extra_at) {
  const auto crc = load_little<uint32_t>(header + 14);
  uint64_t stored = load_little<uint32_t>(header + 18), content = load_little<uint32_t>(header + 22);
  const auto zip64 = find_zip64(extra, extra_at);
  if ((stored == zip_full32 || content == zip_full32) && zip64) {
    ByteReader in(*zip64, extra_at);
    if (content == zip_full32 && in.remaining() >= 8) content = in.little<uint64_t>();
    if (stored == zip_full32 && in.remaining() >= 8) stored = in.little<uint64_t>();
  }
  const bool streamed = (entry.flags & descriptor_flag) != 0;
  const auto agree = [&](uint64_t local, uint64_t central) {
    return local == central || (streamed && local == 0);
  };
  if (!agree(crc, entry.crc) || !agree(stored, entry.stored_size) || !agree(content, entry.size))
    object(entry.header_offset, "the record's own header says CRC-32 ", crc, " and sizes ", stored, " and ",
           content, ", the directory ", entry.crc, ", ", entry.stored_size, " and ", entry.size);
}

// Length of the data descriptor after the record, of the form that agrees with the directory; 0 when none
// does.
uint64_t DirectoryReader::descriptor_length(const ZipEntry& entry) {
  const uint64_t here = entry.end_offset, room = size() - here;
  const std::byte* const begin = headers_.at(here, std::min<uint64_t>(room, 24));
  for (const bool signed_form : {true, false}) {
    for (const uint64_t width : {4, 8}) {
      const uint64_t start = signed_form ? 4 : 0, length = start + 4 + 2 * width;
      if (room < length || (signed_form && load_little<uint32_t>(begin) != descriptor_signature)) continue;
      const auto number = [&](uint64_t at) -> uint64_t {
        return width == 4 ? load_little<uint32_t>(begin + at) : load_little<uint64_t>(begin + at);
      };
      if (load_little<uint32_t>(begin + start) == entry.crc && number(start + 4) == entry.stored_size &&
          number(start + 4 + width) == entry.size)
        return length;
    }
  }
  return 0;
}

void DirectoryReader::check_extents(const std::vector<ZipEntry>& entries, uint64_t directory_at) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto before = [&](size_t a, size_t b) { return entries[a].header_offset < entries[b].header_offset; };
  if (!std::is_sorted(order.begin(), order.end(), before)) std::sort(order.begin(), order.end(), before);
  uint64_t reached = 0, unlisted = 0;
  for (size_t i : order) {
    const ZipEntry& entry = entries[i];
    if (entry.header_offset < reached) {
      Error error(ErrorKind::corrupt, "[zip] the record shares bytes with the one before it");
      throw error.at_offset(entry.header_offset).in_record(printable(entry.name));
    }
    unlisted += entry.header_offset - reached;
    reached = entry.end_offset;
  }
  if (reached > directory_at) refuse(directory_at, "the last record reaches into the directory");
  unlisted += directory_at - reached;
  if (unlisted != 0) warn(unlisted, " bytes belong to no record of the directory");
}

}  // namespace

ZipArchive::ZipArchive(Bytes bytes, const MappedFile* file, Profile profile, ZipLayout layout)
    : bytes_(bytes) {
  entries_ = DirectoryReader(bytes, file, profile == Profile::strict, warnings_).read();
  const bool strict = profile == Profile::strict;
  by_name_.reserve(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    const uint64_t hash = HashIndex::hash(entries_[i].name);
    if (!find(entries_[i].name, hash)) {
      by_name_.insert(hash, i);
      continue;
    }
    // torch takes the first of two, other readers the last.
    Error error(ErrorKind::corrupt, "[zip] two records have the same name");
    if (strict) throw error.at_offset(entries_[i].header_offset).in_record(printable(entries_[i].name));
    warnings_.push_back(
        concat("[zip] two records are named '", printable(entries_[i].name), "'; the first is read"));
  }
  if (layout == ZipLayout::plain) return;

  if (entries_.empty()) fail(ErrorKind::corrupt, "[zip] the archive holds no records");
  const std::string_view first = entries_.front().name;
  const size_t slash = first.find('/');
  if (slash == 0 || slash == first.npos) {
    if (strict)
      fail(ErrorKind::corrupt, "[zip] expected all records in one root folder, got '", printable(first),
           "' without a folder: the archive was packed again, or is not a checkpoint");
    warnings_.push_back("[zip] the records lie in no root folder");
    return;
  }
  root_ = first.substr(0, slash + 1);
  for (const ZipEntry& entry : entries_)
    if (!entry.name.starts_with(root_))
      fail(ErrorKind::corrupt, "[zip] expected all records in the root folder '", printable(root_),
           "', got '", printable(entry.name), "'");
}

}  // namespace sconce
