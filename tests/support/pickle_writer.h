// Pickles and checkpoints put together by hand, for files that torch.save would not write.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sconce::test {

// Pieces of a program. Each gives the bytes that leave one value on the stack, unless it says otherwise.
namespace pickled {
std::string little(uint64_t value, int bytes);
std::string text(std::string_view s);  // BINUNICODE
std::string integer(int64_t v);        // BININT, or LONG1 beyond 32 bits
std::string global(std::string_view module, std::string_view name);
std::string tuple(const std::vector<std::string>& items);
std::string dict(const std::vector<std::pair<std::string, std::string>>& pairs);
std::string call(const std::string& callable, const std::vector<std::string>& arguments);
// ('storage', torch.<type>, key, location, numel), as a persistent id.
std::string storage(std::string_view type, std::string_view key, int64_t numel,
                    std::string_view location = "cpu");
// The same with a view (key, offset, size), as legacy streams have it.
std::string storage_view(std::string_view type, std::string_view key, int64_t numel, int64_t offset,
                         int64_t size);
std::string ints(const std::vector<int64_t>& values);  // a tuple
// torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, None).
std::string tensor(const std::string& storage, int64_t offset, const std::vector<int64_t>& size,
                   const std::vector<int64_t>& stride);
// PROTO 2, the value, STOP.
std::string program(const std::string& value);
}  // namespace pickled

// A zip archive of stored records, with right checksums.
std::string zip_of(const std::vector<std::pair<std::string, std::string>>& records);
// A checkpoint archive: data.pkl, version, and the given storages by key.
std::string torch_zip_of(const std::string& program,
                         const std::vector<std::pair<std::string, std::string>>& storages);
// A legacy stream: the object's program, the keys in order, and each storage's numel and bytes.
struct LegacyStorage {
  std::string key;
  int64_t numel;
  std::string bytes;
};
std::string legacy_of(const std::string& program, const std::vector<LegacyStorage>& storages);
// Four bytes for each number.
std::string floats(const std::vector<float>& values);

}  // namespace sconce::test
