#include "zip_writer.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace sconce {
namespace {

constexpr uint64_t limit32 = 0xffffffff;         // from here on a number takes its 64-bit form
constexpr size_t piece_bytes = size_t{1} << 20;  // checksummed, and written while it is in the cache
constexpr uint64_t fnv_basis = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;

template <class T>
void put(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

// General flags: the name is UTF-8, and the sizes follow the content, unless there is none.
uint16_t flags_of(uint64_t size) { return size == 0 ? 0x0800 : 0x0808; }

uint32_t low(uint64_t value) { return static_cast<uint32_t>(std::min(value, limit32)); }

void mix(uint64_t& hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
}

// The zip64 extra field: of the sizes when the record is large, and of the header's offset when that is.
std::string zip64_field(uint64_t size, uint64_t offset) {
  std::string numbers, out;
  if (size >= limit32) put(numbers, size), put(numbers, size);
  if (offset >= limit32) put(numbers, offset);
  if (numbers.empty()) return out;
  put(out, uint16_t{1});
  put(out, static_cast<uint16_t>(numbers.size()));
  return out + numbers;
}

}  // namespace

ZipWriter::ZipWriter(Sink sink, std::string root, uint32_t alignment)
    : sink_(std::move(sink)),
      root_(std::move(root)),
      alignment_(alignment),
      names_hash_(fnv_basis),
      content_hash_(fnv_basis) {}

void ZipWriter::emit(const std::string& bytes) {
  sink_(bytes_of(std::string_view(bytes)));
  position_ += bytes.size();
}

void ZipWriter::begin(std::string_view name, uint64_t size) {
  name_ = root_.empty() ? "" : root_ + '/';
  name_ += name;
  header_offset_ = position_;
  size_ = size;
  written_ = 0;
  crc_ = 0;
  std::string header;
  put(header, uint32_t{0x04034b50});
  put(header, uint16_t{0});
  put(header, flags_of(size));
  header.append(2 + 2 + 2 + 4 + 4 + 4, '\0');  // stored; no time; checksum and sizes come after the content
  put(header, static_cast<uint16_t>(name_.size()));
  const std::string zip64 = zip64_field(size, header_offset_);
  const uint64_t unpadded = position_ + header.size() + 2 + name_.size() + zip64.size() + 4;
  const auto padding = static_cast<uint16_t>((alignment_ - unpadded % alignment_) % alignment_);
  put(header, static_cast<uint16_t>(zip64.size() + 4 + padding));
  header += name_;
  header += zip64;
  header += "FB";
  put(header, padding);
  header.append(padding, 'Z');
  emit(header);
}

void ZipWriter::write(Bytes piece) {
  while (!piece.empty()) {
    const Bytes part = piece.first(std::min(piece.size(), piece_bytes));
    crc_ = libdeflate_crc32(crc_, part.data(), part.size());
    sink_(part);
    position_ += part.size();
    written_ += part.size();
    piece = piece.subspan(part.size());
  }
}

void ZipWriter::end() {
  if (written_ != size_) throw std::logic_error("a record's pieces do not give its size");
  if (size_ != 0) {
    std::string descriptor;
    put(descriptor, uint32_t{0x08074b50});
    put(descriptor, crc_);
    if (size_ >= limit32 || header_offset_ >= limit32)
      put(descriptor, size_), put(descriptor, size_);
    else
      put(descriptor, low(size_)), put(descriptor, low(size_));
    emit(descriptor);
  }

  const std::string zip64 = zip64_field(size_, header_offset_);
  put(directory_, uint32_t{0x02014b50});
  put(directory_, uint32_t{0});  // made by, needed
  put(directory_, flags_of(size_));
  put(directory_, uint16_t{0});  // stored
  put(directory_, uint32_t{0});  // no time
  put(directory_, crc_);
  put(directory_, low(size_));
  put(directory_, low(size_));
  put(directory_, static_cast<uint16_t>(name_.size()));
  put(directory_, static_cast<uint16_t>(zip64.size()));
  directory_.append(2 + 2 + 2 + 4, '\0');  // comment, disk, attributes
  put(directory_, low(header_offset_));
  directory_ += name_;
  directory_ += zip64;
  ++records_;

  std::string sum;
  put(sum, crc_);
  put(sum, size_);
  // The folder does not count, so that a file under another name has the same id.
  mix(names_hash_, std::string_view(name_).substr(root_.size()));
  mix(content_hash_, sum);
}

void ZipWriter::add(std::string_view name, Bytes content) {
  begin(name, content.size());
  write(content);
  end();
}

std::string ZipWriter::content_id() const {
  char digits[41];
  std::snprintf(digits, sizeof digits, "%020llu%020llu", static_cast<unsigned long long>(names_hash_),
                static_cast<unsigned long long>(content_hash_));
  return digits;
}

void ZipWriter::finish() {
  const uint64_t begins = position_, size = directory_.size();
  emit(directory_);
  const uint64_t end64 = position_;
  std::string out;
  put(out, uint32_t{0x06064b50});
  put(out, uint64_t{44});
  put(out, uint16_t{0x031e});  // made by
  put(out, uint16_t{45});      // needed: zip64
  put(out, uint64_t{0});       // disks
  put(out, records_);
  put(out, records_);
  put(out, size);
  put(out, begins);
  put(out, uint32_t{0x07064b50});
  put(out, uint32_t{0});
  put(out, end64);
  put(out, uint32_t{1});
  put(out, uint32_t{0x06054b50});
  put(out, uint32_t{0});
  const auto few = static_cast<uint16_t>(std::min<uint64_t>(records_, 0xffff));
  put(out, few);
  put(out, few);
  put(out, low(size));
  put(out, low(begins));
  put(out, uint16_t{0});
  emit(out);
}

}  // namespace sconce
