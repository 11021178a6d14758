// The end-of-directory records: the old one at the very end, and the zip64 pair that torch always writes
// before it.
#include "zip_end.h"

namespace sconce {
namespace {

constexpr uint32_t end_signature = 0x06054b50, end64_signature = 0x06064b50, locator64_signature = 0x07064b50;
constexpr uint64_t end_size = 22, end64_size = 56, locator64_size = 20;
constexpr uint64_t longest_trailer = 65535;  // an archive comment's greatest length, and what readers search

class EndReader : ZipChecks {
 public:
  explicit EndReader(const ZipChecks& archive) : ZipChecks(archive) {}
  DirectoryEnd find();

 private:
  void read_end64(uint64_t end_at, DirectoryEnd& end);
};

DirectoryEnd EndReader::find() {
  if (size() < end_size) refuse(0, "expected a zip archive, which has at least 22 bytes, got ", size());
  if (!signature_at(0, zip_local_signature) && !signature_at(0, end_signature))
    refuse(
        0,
        "expected a record at the start of the file, got other bytes: something was put before the archive");
  const uint64_t last = size() - end_size;
  const uint64_t first = last > longest_trailer ? last - longest_trailer : 0;
  for (uint64_t here = last + 1; here-- > first;) {
    if (!signature_at(here, end_signature)) continue;
    ByteReader in(bytes_.subspan(here), here);
    in.skip(4);
    const auto disk = in.little<uint16_t>(), directory_disk = in.little<uint16_t>();
    const auto entries_here = in.little<uint16_t>(), entries = in.little<uint16_t>();
    const auto directory_size = in.little<uint32_t>(), directory_offset = in.little<uint32_t>();
    const auto comment = in.little<uint16_t>();
    if (comment > in.remaining()) refuse(here, "the archive comment reaches past the end of the file");
    DirectoryEnd end{entries, directory_size, directory_offset, here};
    read_end64(here, end);
    const bool parts =
        (disk != 0 && disk != zip_full16) || (directory_disk != 0 && directory_disk != zip_full16);
    if (parts || entries_here != entries)
      refuse_unsupported(here, "expected one file, got a part of a split archive");
    if (const uint64_t trailing = in.remaining(); trailing != 0)
      warn(trailing, " bytes follow the archive's directory (", comment, " of them declared as its comment)");
    if (!has(end.offset, end.size) || end.offset > end.begins_at || end.size > end.begins_at - end.offset)
      refuse(here, "expected the directory before offset ", end.begins_at, ", got offset ", end.offset,
             " and ", end.size, " bytes");
    if (end.offset + end.size != end.begins_at)
      object(here, end.begins_at - end.offset - end.size,
             " bytes lie between the directory and its end record");
    return end;
  }
  refuse(size(), "no end-of-directory record: the file is cut short, or more than 64 KiB follow the archive");
}

// torch writes the zip64 end record and its locator always, also in small files.
void EndReader::read_end64(uint64_t end_at, DirectoryEnd& end) {
  if (end_at < locator64_size || !signature_at(end_at - locator64_size, locator64_signature)) return;
  const uint64_t locator_at = end_at - locator64_size;
  ByteReader locator(bytes_.subspan(locator_at, locator64_size), locator_at);
  locator.skip(4);
  const auto disk = locator.little<uint32_t>();
  const auto here = locator.little<uint64_t>();
  const auto disks = locator.little<uint32_t>();
  if (disk != 0 || disks > 1)
    refuse_unsupported(locator_at, "expected one file, got a part of a split archive");
  if (here > locator_at || locator_at - here < end64_size || !signature_at(here, end64_signature))
    refuse(locator_at, "expected the zip64 end record at offset ", here, ", got other bytes");
  ByteReader in(bytes_.subspan(here, locator_at - here), here);
  in.skip(4);
  const auto length = in.little<uint64_t>();
  if (length != locator_at - here - 12)
    object(here, "expected a zip64 end record of ", locator_at - here - 12, " bytes, got ", length);
  in.skip(4);  // versions
  const auto this_disk = in.little<uint32_t>(), directory_disk = in.little<uint32_t>();
  const auto entries_here = in.little<uint64_t>(), entries = in.little<uint64_t>();
  const auto directory_size = in.little<uint64_t>(), directory_offset = in.little<uint64_t>();
  if (this_disk != 0 || directory_disk != 0 || entries_here != entries)
    refuse_unsupported(here, "expected one file, got a part of a split archive");
  const auto agree = [](uint64_t narrow, uint64_t wide, uint64_t full) {
    return narrow == wide || narrow == full;
  };
  if (!agree(end.entries, entries, zip_full16) || !agree(end.size, directory_size, zip_full32) ||
      !agree(end.offset, directory_offset, zip_full32))
    object(end_at, "the two end records disagree: ", end.entries, " and ", entries, " entries, ", end.size,
           " and ", directory_size, " bytes at ", end.offset, " and ", directory_offset);
  end = {entries, directory_size, directory_offset, here};
}

}  // namespace

DirectoryEnd find_zip_end(ZipChecks archive) { return EndReader(archive).find(); }

}  // namespace sconce
