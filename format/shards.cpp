// A checkpoint in several files: {"metadata": {...}, "weight_map": {"key": "file", ...}} as transformers writes
// it, and the files beside it. The map and the files must agree on every key.
#include "container.h"
#include "json_value.h"
#include "sniff.h"

#include <filesystem>
#include <unordered_map>
#include <unordered_set>

namespace sconce {
namespace {

constexpr int deepest_index = 16;

struct Shard {
  std::string name, path;
  ReadTree tree;
  std::unordered_map<std::string_view, const Value*> values;  // views of the tree's keys
};

[[noreturn]] void fail_key(const std::string& key, const std::string& file, const std::string& message) {
  Error e(ErrorKind::corrupt, "[shards] " + message);
  throw e.at_key(key).in_file(file);
}

// A plain name of a file beside the index: nothing in a file decides about another folder.
bool is_plain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.size() < 256 &&
         name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
}

void open_shard(Shard& shard, const LoadOptions& options) {
  const auto file = MappedFile::open(shard.path);
  if (sniff(file->bytes()) == FileType::json)
    fail_key("", shard.path, "expected a checkpoint as shard, got a JSON document");
  std::string container;
  shard.tree = read_container(file, options, container);
  if (shard.tree.root.kind() != Value::Kind::dict)
    fail_key("", shard.path, "expected a dict in the shard, got " + shard.tree.root.type_name());
  for (const auto& [key, value] : shard.tree.root.pairs()) {
    if (key.kind() != Value::Kind::string)
      fail_key("", shard.path, "expected text as keys in the shard, got " + key.type_name());
    shard.values.emplace(key.as_string(), &value);
  }
}

// Is the key one that the shard's own metadata notes as a tie? The index need not list those.
bool is_noted_tie(const Shard& shard, const std::string& key) {
  const Value* metadata = shard.tree.root.attributes().find("__metadata__");
  return metadata && metadata->find(key);
}

class ShardReader {
 public:
  ShardReader(const MappedFile& index, const LoadOptions& options) : index_(index), options_(options) {}

  ReadTree read(const Value& document, const Value& map) {
    for (const auto& [key, name] : map.pairs()) place(key.as_string(), name);
    for (Shard& shard : shards_) open_shard(shard, options_);
    Value::Pairs pairs;
    pairs.reserve(map.size());
    for (const auto& [key, name] : map.pairs()) {
      const Shard& shard = shards_[by_name_.at(name.as_string())];
      const auto found = shard.values.find(key.as_string());
      if (found == shard.values.end())
        fail_key(key.as_string(), shard.path, "the index says that the key is in this file, which lacks it");
      pairs.emplace_back(key, *found->second);
    }
    for (const Shard& shard : shards_) check_unlisted(shard, map, pairs);

    ReadTree out;
    for (Shard& shard : shards_) merge(out, shard);
    out.warnings.insert(out.warnings.end(), warnings_.begin(), warnings_.end());
    out.root = Value::dict(std::move(pairs), "collections.OrderedDict");
    Value::Pairs attributes;
    if (!versions_.empty())
      attributes.emplace_back(Value("_metadata"),
                              Value::dict(std::move(versions_), "collections.OrderedDict"));
    if (const Value* metadata = document.find("metadata"))
      attributes.emplace_back(Value("__metadata__"), *metadata);
    if (!attributes.empty()) out.root = out.root.with_attributes(Value::dict(std::move(attributes)));
    return out;
  }

 private:
  void place(const std::string& key, const Value& name) {
    if (name.kind() != Value::Kind::string)
      fail_key(key, index_.path(), "expected the name of a file, got " + name.type_name());
    const std::string& file = name.as_string();
    if (by_name_.count(file)) return;
    if (!is_plain(file))
      fail_key(key, index_.path(),
               "expected the plain name of a file beside the index, got " + name.repr(80));
    by_name_.emplace(file, shards_.size());
    shards_.emplace_back();
    shards_.back().name = file;
    shards_.back().path = (std::filesystem::path(index_.path()).parent_path() / file).string();
  }

  // Keys that a file has and the index does not give to it.
  void check_unlisted(const Shard& shard, const Value& map, Value::Pairs& pairs) {
    if (listed_.empty())
      for (const auto& [key, name] : map.pairs()) listed_.emplace(key.as_string(), &name.as_string());
    for (const auto& [key, value] : shard.tree.root.pairs()) {
      const auto found = listed_.find(key.as_string());
      if (found != listed_.end() && *found->second == shard.name) continue;
      if (found != listed_.end())
        fail_key(key.as_string(), shard.path,
                 "the file has a key that the index says is in " + Value(*found->second).repr(80));
      if (!is_noted_tie(shard, key.as_string())) {
        if (options_.profile == Profile::strict)
          fail_key(key.as_string(), shard.path, "the file has a key that the index does not list");
        warnings_.push_back(
            concat("shard ", shard.name, " has the key ", key.repr(120), ", which the index does not list"));
      }
      if (!extra_.insert(key.as_string()).second)
        fail_key(key.as_string(), shard.path, "two files have the key");
      pairs.emplace_back(key, value);
    }
  }

  void merge(ReadTree& out, Shard& shard) {
    for (std::string& warning : shard.tree.warnings)
      out.warnings.push_back("shard " + shard.name + ": " + std::move(warning));
    for (std::string& global : shard.tree.globals)
      if (known_globals_.insert(global).second) out.globals.push_back(std::move(global));
    out.locations.add(shard.tree.locations);
    if (const Value* versions = shard.tree.root.attributes().find("_metadata"))
      for (const auto& [path, facts] : versions->pairs())
        if (known_paths_.insert(path.repr(1000)).second) versions_.emplace_back(path, facts);
  }

  const MappedFile& index_;
  const LoadOptions& options_;
  std::vector<Shard> shards_;
  std::unordered_map<std::string, size_t> by_name_;
  std::unordered_map<std::string_view, const std::string*> listed_;
  std::unordered_set<std::string> extra_, known_globals_, known_paths_;
  std::vector<std::string> warnings_;
  Value::Pairs versions_;
};

}  // namespace

ReadTree read_shards(const std::shared_ptr<MappedFile>& index, const LoadOptions& options) {
  const Budget& budget = options.budget;
  const std::string_view text = text_of(index->bytes());
  // Any other JSON document is named for what it is, before the whole of it is read.
  if (text.find("\"weight_map\"") == text.npos)
    fail(ErrorKind::unsupported, explain_not_a_checkpoint(index->bytes()));
  const Value document = json_value(text, deepest_index, budget.tree_bytes);
  const Value* map = document.find("weight_map");
  if (!map || map->kind() != Value::Kind::dict)
    fail(ErrorKind::unsupported,
         "this is a JSON document without a weight_map of keys to files, so no index of shards");
  if (map->size() > budget.tensors) fail(ErrorKind::out_of_budget, "more than ", budget.tensors, " tensors");
  if (!index->is_on_disk())
    fail(ErrorKind::unsupported,
         "this is an index of shards in memory; open it by its path, with the shards beside it");
  return ShardReader(*index, options).read(document, *map);
}

}  // namespace sconce
