#include "support/pickle_writer.h"

#include <libdeflate.h>

#include <cstring>

namespace sconce::test {
namespace pickled {

std::string little(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i, value >>= 8) out += static_cast<char>(value & 0xff);
  return out;
}

std::string text(std::string_view s) { return "X" + little(s.size(), 4) + std::string(s); }

std::string integer(int64_t v) {
  if (v >= INT32_MIN && v <= INT32_MAX) return "J" + little(static_cast<uint64_t>(v), 4);
  return "\x8a\x08" + little(static_cast<uint64_t>(v), 8);
}

std::string global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}

std::string tuple(const std::vector<std::string>& items) {
  std::string out = "(";
  for (const auto& item : items) out += item;
  return out + "t";
}

std::string dict(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out = "}(";
  for (const auto& [key, value] : pairs) out += text(key) + value;
  return out + "u";
}

std::string call(const std::string& callable, const std::vector<std::string>& arguments) {
  return callable + tuple(arguments) + "R";
}

std::string storage(std::string_view type, std::string_view key, int64_t numel, std::string_view location) {
  return tuple({text("storage"), global("torch", type), text(key), text(location), integer(numel)}) + "Q";
}

std::string storage_view(std::string_view type, std::string_view key, int64_t numel, int64_t offset,
                         int64_t size) {
  return tuple({text("storage"), global("torch", type), text(key), text("cpu"), integer(numel),
                tuple({text("view"), integer(offset), integer(size)})}) +
         "Q";
}

std::string ints(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t v : values) items.push_back(integer(v));
  return tuple(items);
}

std::string tensor(const std::string& storage, int64_t offset, const std::vector<int64_t>& size,
                   const std::vector<int64_t>& stride) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              {storage, integer(offset), ints(size), ints(stride), "\x89", "N"});
}

std::string program(const std::string& value) { return "\x80\x02" + value + "."; }

}  // namespace pickled

std::string zip_of(const std::vector<std::pair<std::string, std::string>>& records) {
  using pickled::little;
  std::string out, directory;
  for (const auto& [name, data] : records) {
    const std::string sizes = little(libdeflate_crc32(0, data.data(), data.size()), 4) +
                              little(data.size(), 4) + little(data.size(), 4) + little(name.size(), 2) +
                              little(0, 2);
    directory += "PK\x01\x02" + little(20, 2) + little(20, 2) + little(0, 8) + sizes + little(0, 10) +
                 little(out.size(), 4) + name;
    out += "PK\x03\x04" + little(20, 2) + little(0, 8) + sizes + name + data;
  }
  const size_t begin = out.size();
  return out + directory + "PK\x05\x06" + little(0, 4) + little(records.size(), 2) +
         little(records.size(), 2) + little(directory.size(), 4) + little(begin, 4) + little(0, 2);
}

std::string torch_zip_of(const std::string& program,
                         const std::vector<std::pair<std::string, std::string>>& storages) {
  std::vector<std::pair<std::string, std::string>> records = {{"archive/data.pkl", program}};
  for (const auto& [key, bytes] : storages) records.emplace_back("archive/data/" + key, bytes);
  records.emplace_back("archive/version", "3\n");
  return zip_of(records);
}

std::string legacy_of(const std::string& program, const std::vector<LegacyStorage>& storages) {
  using namespace pickled;
  std::string keys = "](";
  for (const auto& s : storages) keys += text(s.key);
  const std::string magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  std::string out = pickled::program(magic) + pickled::program("M\xe9\x03") + pickled::program("}") +
                    program + pickled::program(keys + "e");
  for (const auto& s : storages) out += little(static_cast<uint64_t>(s.numel), 8) + s.bytes;
  return out;
}

std::string floats(const std::vector<float>& values) {
  std::string out;
  for (const float v : values) {
    uint32_t bits = 0;
    std::memcpy(&bits, &v, sizeof bits);
    out += pickled::little(bits, 4);
  }
  return out;
}

}  // namespace sconce::test
