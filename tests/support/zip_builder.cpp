#include "support/zip_builder.h"

#include <libdeflate.h>

namespace sconce::test {

uint64_t number_at(const std::string& bytes, size_t offset, size_t width) {
  uint64_t value = 0;
  for (size_t i = width; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(offset + i));
  return value;
}

void put_number(std::string& bytes, size_t offset, size_t width, uint64_t value) {
  for (size_t i = 0; i < width; ++i) bytes.at(offset + i) = static_cast<char>(value >> (8 * i) & 0xff);
}

void append_number(std::string& bytes, size_t width, uint64_t value) {
  for (size_t i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

uint32_t crc32_of(const std::string& bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

std::string deflate(const std::string& bytes) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string out(libdeflate_deflate_compress_bound(compressor, bytes.size()), '\0');
  out.resize(libdeflate_deflate_compress(compressor, bytes.data(), bytes.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}

BuiltZip build_zip(const std::vector<ZipRecord>& records, size_t alignment) {
  BuiltZip zip;
  std::string& out = zip.bytes;
  std::string central;
  std::vector<size_t> central_offsets;
  for (const ZipRecord& r : records) {
    const std::string stored = r.deflate ? deflate(r.content) : r.content;
    const uint32_t crc = crc32_of(r.content);
    zip.local.push_back(out.size());
    append_number(out, 4, 0x04034b50);
    append_number(out, 2, 0);
    append_number(out, 2, 0x0808);
    append_number(out, 2, r.deflate ? 8 : 0);
    out.append(16, '\0');  // time, date, CRC-32 and sizes are not known yet
    append_number(out, 2, r.name.size());
    const size_t unpadded = out.size() + 2 + r.name.size() + 4;
    const size_t padding = (alignment - unpadded % alignment) % alignment;
    append_number(out, 2, padding + 4);
    out += r.name + "FB";
    append_number(out, 2, padding);
    out.append(padding, 'Z');
    zip.data.push_back(out.size());
    out += stored;
    zip.descriptor.push_back(out.size());
    for (uint64_t v :
         {uint64_t{0x08074b50}, uint64_t{crc}, uint64_t{stored.size()}, uint64_t{r.content.size()}})
      append_number(out, 4, v);

    central_offsets.push_back(central.size());
    append_number(central, 4, 0x02014b50);
    append_number(central, 4, 0);
    append_number(central, 2, 0x0808);
    append_number(central, 2, r.deflate ? 8 : 0);
    append_number(central, 4, 0);
    append_number(central, 4, crc);
    append_number(central, 4, stored.size());
    append_number(central, 4, r.content.size());
    append_number(central, 2, r.name.size());
    central.append(12, '\0');
    append_number(central, 4, zip.local.back());
    central += r.name;
  }
  const size_t directory = out.size();
  for (size_t offset : central_offsets) zip.central.push_back(directory + offset);
  out += central;
  zip.end64 = out.size();
  append_number(out, 4, 0x06064b50);
  append_number(out, 8, 44);
  append_number(out, 2, 0x031e);
  append_number(out, 2, 0x2d);
  append_number(out, 8, 0);
  append_number(out, 8, records.size());
  append_number(out, 8, records.size());
  append_number(out, 8, central.size());
  append_number(out, 8, directory);
  zip.locator = out.size();
  append_number(out, 4, 0x07064b50);
  append_number(out, 4, 0);
  append_number(out, 8, zip.end64);
  append_number(out, 4, 1);
  zip.end = out.size();
  append_number(out, 4, 0x06054b50);
  append_number(out, 4, 0);
  append_number(out, 2, records.size());
  append_number(out, 2, records.size());
  append_number(out, 4, central.size());
  append_number(out, 4, directory);
  append_number(out, 2, 0);
  return zip;
}

BuiltZip small_zip() {
  return build_zip({{"archive/data.pkl", "\x80\x02}q\x01."},
                    {"archive/byteorder", "little"},
                    {"archive/data/0", std::string("\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40", 12)},
                    {"archive/version", "3\n"}});
}

}  // namespace sconce::test
