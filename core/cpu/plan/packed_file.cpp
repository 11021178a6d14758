#include "cpu/plan/packed_file.h"

#include <fcntl.h>
#include <sconce/error.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace sconce::plan {
namespace {

constexpr char magic[8] = {'S', 'c', 'o', 'n', 'c', 'e', 'P', 'k'};
constexpr uint64_t version = 1;
constexpr size_t record_alignment = 64;

struct Header {
  char magic[8];
  uint64_t version;
  char isa[32];
  uint64_t hash, records, checksum, bytes;
};
static_assert(sizeof(Header) == 80);

struct Entry {
  uint64_t offset, count;
};

size_t rounded(size_t n) { return (n + record_alignment - 1) / record_alignment * record_alignment; }

uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

std::string name_of_isa(const Header& h) { return std::string(h.isa, strnlen(h.isa, sizeof(h.isa))); }

}  // namespace

uint64_t checksum(const void* data, size_t bytes, uint64_t seed) {
  const auto* p = static_cast<const char*>(data);
  uint64_t total = mixed(seed + bytes);
  // Sums of blocks, mixed in order: the inner loop is plain additions.
  constexpr size_t block = 4096;
  for (size_t at = 0; at < bytes; at += block) {
    const size_t n = std::min(block, bytes - at);
    uint64_t lanes[8] = {}, word = 0;
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
      for (size_t lane = 0; lane < 8; ++lane) {
        std::memcpy(&word, p + at + i + lane * 8, 8);
        lanes[lane] += word;
      }
    for (; i < n; ++i)
      lanes[i % 8] += static_cast<uint64_t>(static_cast<unsigned char>(p[at + i])) << (i % 61 / 8 * 8);
    for (uint64_t lane : lanes) total = total * 0x9e3779b97f4a7c15 + lane;
    total = mixed(total);
  }
  return total;
}

std::unique_ptr<PackedFile> PackedFile::open(const std::string& path, const std::string& isa, uint64_t hash,
                                             std::string& why) {
  const int handle = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return why = "it cannot be opened", nullptr;
  struct stat status {};
  std::unique_ptr<PackedFile> file(new PackedFile);
  const bool known = fstat(handle, &status) == 0 && S_ISREG(status.st_mode);
  const auto bytes = known ? static_cast<size_t>(status.st_size) : 0;
  if (bytes >= sizeof(Header)) file->mapping_ = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, handle, 0);
  close(handle);
  if (bytes < sizeof(Header)) return why = "it is no file of packed weights", nullptr;
  if (file->mapping_ == MAP_FAILED) {
    file->mapping_ = nullptr;
    return why = "it cannot be mapped", nullptr;
  }
  file->bytes_ = bytes;
  Header h;
  const auto* base = static_cast<const char*>(file->mapping_);
  std::memcpy(&h, base, sizeof(h));
  if (std::memcmp(h.magic, magic, sizeof(magic)) != 0)
    return why = "it is no file of packed weights", nullptr;
  if (h.version != version) return why = concat("it is of version ", h.version, ", not ", version), nullptr;
  if (name_of_isa(h) != isa) return why = concat("it was made for ", name_of_isa(h), ", not ", isa), nullptr;
  if (h.hash != hash)
    return why = "it was made for another network, other weights, shapes or options", nullptr;
  const size_t room = bytes - sizeof(Header);
  if (h.bytes != bytes || h.records > room / sizeof(Entry) ||
      checksum(base + sizeof(Header), room) != h.checksum)
    return why = "it is damaged", nullptr;
  for (uint64_t i = 0; i < h.records; ++i) {
    Entry e;
    std::memcpy(&e, base + sizeof(Header) + i * sizeof(Entry), sizeof(e));
    if (e.offset % record_alignment != 0 || e.offset > bytes || e.count > (bytes - e.offset) / 4)
      return why = "it is damaged", nullptr;
    file->records_.push_back(
        {reinterpret_cast<const float*>(base + e.offset), static_cast<int64_t>(e.count)});
  }
  return file;
}

PackedFile::~PackedFile() {
  if (mapping_) munmap(mapping_, bytes_);
}

void PackedFile::write(const std::string& path, const std::string& isa, uint64_t hash,
                       const std::vector<PackStore::Made>& records) {
  size_t at = rounded(sizeof(Header) + records.size() * sizeof(Entry));
  std::vector<Entry> entries;
  for (const PackStore::Made& r : records) {
    entries.push_back({at, static_cast<uint64_t>(r.count)});
    at = rounded(at + static_cast<size_t>(r.count) * 4 + record_alignment);
  }
  std::vector<char> image(at, 0);
  std::memcpy(image.data() + sizeof(Header), entries.data(), entries.size() * sizeof(Entry));
  for (size_t i = 0; i < records.size(); ++i)
    std::memcpy(image.data() + entries[i].offset, records[i].data, static_cast<size_t>(records[i].count) * 4);
  Header h{};
  std::memcpy(h.magic, magic, sizeof(magic));
  std::memcpy(h.isa, isa.data(), std::min(isa.size(), sizeof(h.isa)));
  h.version = version, h.hash = hash, h.records = records.size(), h.bytes = at;
  h.checksum = checksum(image.data() + sizeof(Header), at - sizeof(Header));
  std::memcpy(image.data(), &h, sizeof(h));
  const std::string temporary = path + ".part";
  std::FILE* out = std::fopen(temporary.c_str(), "wb");
  const bool opened = out != nullptr;
  bool good = opened && std::fwrite(image.data(), 1, image.size(), out) == image.size();
  if (opened) good = std::fclose(out) == 0 && good;
  if (good) good = std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!good) {
    std::remove(temporary.c_str());
    throw Error(ErrorKind::io, "[save_packed] cannot write the file").in_file(path);
  }
}

}  // namespace sconce::plan
