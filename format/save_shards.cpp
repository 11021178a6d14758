// A state_dict as several files and their index, so that the index always names a whole set.
#include <sconce/save.h>
#include <sconce/shards.h>

#include "file_calls.h"
#include "json_value.h"
#include "mapped_file.h"
#include "output_file.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace sconce {
namespace fs = std::filesystem;

namespace {

constexpr int deepest_index = 100;
constexpr uint64_t longest_index = uint64_t{1} << 28;

struct ShardNames {
  fs::path folder;
  std::string stem, extension;  // "model", ".safetensors"
  size_t series = 1;

  std::string index() const { return stem + extension + ".index.json"; }
  // Every other series than the first says its number: "model-s2-00001-of-00003.safetensors".
  std::string shard(size_t number, size_t count) const {
    const auto five = [](size_t n) {
      const std::string digits = std::to_string(n);
      return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
    };
    return stem + (series > 1 ? "-s" + std::to_string(series) : "") + "-" + five(number + 1) + "-of-" +
           five(count) + extension;
  }
  // Is it a name that shard() gives, in any series?
  bool is_shard(std::string_view name) const {
    if (!name.starts_with(stem + "-") || !name.ends_with(extension)) return false;
    if (name.size() < stem.size() + 1 + extension.size()) return false;
    name = name.substr(stem.size() + 1, name.size() - stem.size() - 1 - extension.size());
    const auto skip_digits = [&](size_t least) {
      const size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
      name.remove_prefix(digits);
      return digits >= least;
    };
    const auto skip = [&](std::string_view word) {
      const bool there = name.starts_with(word);
      if (there) name.remove_prefix(word.size());
      return there;
    };
    if (skip("s") && !(skip_digits(1) && skip("-"))) return false;
    return skip_digits(5) && skip("-of-") && skip_digits(5) && name.empty();
  }
};

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

// The first series of which no name is taken, so that nothing is replaced that an index may name.
void choose_series(ShardNames& names, size_t count) {
  std::error_code ignored;
  const auto taken = [&] {
    for (size_t s = 0; s < count; ++s)
      if (fs::symlink_status(names.folder / names.shard(s, count), ignored).type() !=
          fs::file_type::not_found)
        return true;
    return false;
  };
  while (taken()) ++names.series;
}

// The shards that the index there names, if there is one that can be read.
std::set<std::string> shards_named_by(const ShardNames& names) {
  std::set<std::string> out;
  try {
    const auto file = MappedFile::open((names.folder / names.index()).string());
    const Value document = json_value(text_of(file->bytes()), deepest_index, longest_index);
    if (const Value* map = document.find("weight_map"))
      for (const auto& [key, name] : map->pairs())
        if (name.kind() == Value::Kind::string && names.is_shard(name.as_string()))
          out.insert(name.as_string());
  } catch (const Error&) {
    return {};
  }
  return out;
}

// Files of a set that is not complete; they go unless it is.
class NewShards {
 public:
  explicit NewShards(fs::path folder) : folder_(std::move(folder)) {}
  NewShards(const NewShards&) = delete;
  NewShards& operator=(const NewShards&) = delete;
  ~NewShards() {
    for (const std::string& name : names_) file_calls().unlink((folder_ / name).c_str());
  }
  std::string add(const std::string& name) {
    names_.push_back(name);
    return (folder_ / name).string();
  }
  void keep() { names_.clear(); }

 private:
  fs::path folder_;
  std::vector<std::string> names_;
};

void write_shard(const StateDict& part, const std::string& path, const ShardOptions& options) {
  if (options.format == ShardFormat::safetensors)
    save_safetensors(part, path, options.safetensors);
  else
    save(part, path);
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
    ShardNames names = names_of(path, options.format);
    const auto shards = split(state, options.max_shard_bytes);
    const auto entries = state.entries();
    std::map<std::string, std::string> map;
    uint64_t total = 0;
    choose_series(names, shards.size());
    NewShards fresh(names.folder);
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
      write_shard(part, fresh.add(name), options);
    }
    const std::set<std::string> old = shards_named_by(names);
    OutputFile index((names.folder / names.index()).string());
    index.write(bytes_of(index_text(map, total)));
    // From one set to the other in one step: the renaming of the index.
    try {
      index.commit();
    } catch (const Error&) {
      if (index.is_in_place()) fresh.keep();
      throw;
    }
    fresh.keep();
    // Nothing names these any more; one that cannot be removed does no harm.
    for (const std::string& name : old) file_calls().unlink((names.folder / name).c_str());
  } catch (Error& e) {
    throw e.in_file(path);
  }
}

}  // namespace sconce
