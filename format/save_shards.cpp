#include <sconce/save.h>
#include <sconce/shards.h>

#include "output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

namespace sconce {
namespace fs = std::filesystem;

namespace {

struct ShardNames {
  fs::path folder;
  std::string stem, extension;  // "model", ".safetensors"

  std::string index() const { return stem + extension + ".index.json"; }
  std::string shard(size_t number, size_t count) const {
    const auto five = [](size_t n) {
      const std::string digits = std::to_string(n);
      return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
    };
    return stem + "-" + five(number + 1) + "-of-" + five(count) + extension;
  }
};

[[noreturn]] void fail_io(const fs::path& path, const std::error_code& error) {
  Error e(ErrorKind::io, "[save_shards] " + error.message());
  throw e.in_file(path.string());
}

ShardNames names_of(const std::string& path, ShardFormat format) {
  const bool safe = format == ShardFormat::safetensors;
  ShardNames out{path, safe ? "model" : "pytorch_model", safe ? ".safetensors" : ".bin"};
  std::error_code error;
  if (fs::is_directory(path, error)) return out;
  const std::string name = fs::path(path).filename().string(), ending = out.extension + ".index.json";
  if (!name.ends_with(ending) || name.size() == ending.size())
    fail(ErrorKind::invalid_argument, "[save_shards] expected an existing folder, or a path that ends with ",
         ending);
  out.stem = name.substr(0, name.size() - ending.size());
  out.folder = fs::path(path).parent_path();
  if (out.folder.empty()) out.folder = ".";
  return out;
}

uint64_t bytes_of_entry(const StateDict::Entry& entry) {
  return entry.is_tensor() ? static_cast<uint64_t>(entry.tensor().nbytes()) : 0;
}

// Which entries go together, in their order. A storage's tensors follow its first one.
std::vector<std::vector<size_t>> split(const StateDict& state, uint64_t most) {
  std::vector<std::vector<size_t>> groups;  // of entries that share a storage
  std::unordered_map<const void*, size_t> group_of;
  const auto entries = state.entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].is_tensor() && entries[i].tensor().nbytes() > 0) {
      const auto [found, fresh] = group_of.emplace(entries[i].tensor().storage().id(), groups.size());
      if (!fresh) {
        groups[found->second].push_back(i);
        continue;
      }
    }
    groups.push_back({i});
  }
  std::vector<std::vector<size_t>> shards(1);
  uint64_t filled = 0;
  for (const auto& group : groups) {
    uint64_t bytes = 0;
    for (const size_t i : group) bytes += bytes_of_entry(entries[i]);
    if (!shards.back().empty() && (bytes > most || filled > most - bytes)) shards.emplace_back(), filled = 0;
    shards.back().insert(shards.back().end(), group.begin(), group.end());
    filled += bytes;
  }
  return shards;
}

// A folder for files that have not got their names yet; it goes with everything in it.
class Workshop {
 public:
  explicit Workshop(const fs::path& folder) {
    std::error_code error;
    for (int i = 0; i < 1000; ++i) {
      path_ = folder / concat(".new-shards-", ::getpid(), "-", i);
      if (fs::create_directory(path_, error)) return;
      if (error) fail_io(folder, error);
    }
    fail_io(folder, std::make_error_code(std::errc::file_exists));
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Makes the renaming last through a power cut.
void flush_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return;  // a folder that may be written and not listed; the names will reach the disk in time
  ::fsync(descriptor);
  ::close(descriptor);
}

void write_shard(const StateDict& part, const fs::path& path, const ShardOptions& options) {
  if (options.format == ShardFormat::safetensors)
    save_safetensors(part, path.string(), options.safetensors);
  else
    save(part, path.string());
}

// ShardNames that the shard will only note as ties of others; the index lists what a file really holds.
std::unordered_set<std::string> noted_ties(const StateDict& part, const ShardOptions& options) {
  std::unordered_set<std::string> out;
  if (options.format != ShardFormat::safetensors ||
      options.safetensors.ties != SafetensorsTies::drop_and_note)
    return out;
  for (std::vector<std::string> group : tied_keys(part)) {
    if (part[group[0]].nbytes() == 0) continue;
    std::sort(group.begin(), group.end());
    for (size_t i = 1; i < group.size(); ++i)
      if (group[i] != "format" && !options.safetensors.metadata.count(group[i])) out.insert(group[i]);
  }
  return out;
}

std::string index_text(const std::map<std::string, std::string>& map, uint64_t total) {
  const auto quoted = [](const std::string& text) { return nlohmann::json(text).dump(-1, ' ', true); };
  std::string out =
      concat("{\n  \"metadata\": {\n    \"total_size\": ", total, "\n  },\n  \"weight_map\": {");
  try {
    bool first = true;
    for (const auto& [key, name] : map) {
      out += first ? "\n    " : ",\n    ";
      out += quoted(key) + ": " + quoted(name);
      first = false;
    }
  } catch (const nlohmann::json::exception&) {
    fail(ErrorKind::invalid_argument, "[save_shards] expected names in UTF-8");
  }
  return out + (map.empty() ? "}\n}\n" : "\n  }\n}\n");
}

}  // namespace

void save_shards(const StateDict& state, const std::string& path, const ShardOptions& options) {
  check(options.max_shard_bytes > 0, "[save_shards] expected max_shard_bytes of at least 1");
  try {
    const ShardNames names = names_of(path, options.format);
    const auto shards = split(state, options.max_shard_bytes);
    const auto entries = state.entries();
    std::map<std::string, std::string> map;
    uint64_t total = 0;
    const Workshop workshop(names.folder);
    for (size_t s = 0; s < shards.size(); ++s) {
      StateDict part;
      if (s == 0) part.set_metadata(state.metadata());
      const std::string name = names.shard(s, shards.size());
      for (const size_t i : shards[s]) {
        part.insert(entries[i].key, entries[i].value);
        total += bytes_of_entry(entries[i]);
      }
      const auto noted = noted_ties(part, options);
      for (const StateDict::Entry& entry : part)
        if (!noted.count(entry.key)) map.emplace(entry.key, name);
      write_shard(part, workshop.path() / name, options);
    }
    OutputFile index((workshop.path() / names.index()).string());
    index.write(bytes_of(index_text(map, total)));
    index.commit();

    // An older index goes first where its shards are about to be replaced; else it holds until the new one takes its place.
    std::error_code error;
    bool replaces = false;
    for (size_t s = 0; s < shards.size() && !replaces; ++s)
      replaces = fs::exists(names.folder / names.shard(s, shards.size()), error);
    if (replaces) fs::remove(names.folder / names.index(), error);
    if (error && replaces) fail_io(names.folder / names.index(), error);
    const auto move = [&](const std::string& name) {
      fs::rename(workshop.path() / name, names.folder / name, error);
      if (error) fail_io(names.folder / name, error);
    };
    for (size_t s = 0; s < shards.size(); ++s) move(names.shard(s, shards.size()));
    move(names.index());
    flush_folder(names.folder);
  } catch (Error& e) {
    throw e.in_file(path);
  }
}

}  // namespace sconce
