// Opening a checkpoint, whatever container it is in, and finding the state_dict in its tree.
#include <sconce/checkpoint.h>

#include "container.h"
#include "module_tree.h"

#include <functional>
#include <unordered_set>

namespace sconce {

const std::string* StorageLocations::find(const void* id) const {
  const size_t place = place_of(id, HashIndex::hash(id));
  return place == HashIndex::npos ? nullptr : &entries_[place].second;
}

void StorageLocations::add(const void* id, const std::string& location) {
  const uint64_t hash = HashIndex::hash(id);
  if (place_of(id, hash) != HashIndex::npos) return;
  index_.insert(hash, entries_.size());
  entries_.emplace_back(id, location);
}

void StorageLocations::add(const StorageLocations& others) {
  for (const auto& [id, location] : others) add(id, location);
}

size_t StorageLocations::place_of(const void* id, uint64_t hash) const {
  return index_.find(hash, [&](size_t place) { return entries_[place].first == id; });
}

class CheckpointReader {
 public:
  static Checkpoint read(const std::shared_ptr<MappedFile>& file, const LoadOptions& options) {
    Checkpoint out;
    out.path_ = file->path();
    ReadTree tree = read_container(file, options, out.container_);
    file->end_small_reads();
    out.root_ = std::move(tree.root);
    out.warnings_ = std::move(tree.warnings);
    out.globals_ = std::move(tree.globals);
    out.locations_ = std::move(tree.locations);
    return out;
  }
};

Checkpoint Checkpoint::open(const std::string& path, const LoadOptions& options) {
  LoadOptions left = options;
  const auto file = open_path(path, left);
  return CheckpointReader::read(file, left);
}

Checkpoint Checkpoint::from_bytes(std::string bytes, const std::string& name, const LoadOptions& options) {
  return CheckpointReader::read(MappedFile::from_bytes(std::move(bytes), name), options);
}

StateDict load(const std::string& path, const LoadOptions& options) {
  return Checkpoint::open(path, options).state_dict(options.key);
}

// ---- finding the state_dict ----

namespace {

using Kind = Value::Kind;
constexpr int deepest_candidate = 8;          // dictionaries above the one that is looked for
constexpr size_t most_candidates_named = 20;  // candidates in a message

struct Candidate {
  std::string path;
  const Value* dict;  // or a module that was saved whole
  size_t tensors;
};

bool is_special(const Value& v) { return v.kind() == Kind::quantized || v.kind() == Kind::sparse; }

size_t count_tensors(const Value& dict) {
  size_t count = 0;
  for (const auto& [key, value] : dict.pairs()) count += value.kind() == Kind::tensor || is_special(value);
  return count;
}

// Text keys, most values tensors, and at least one of them more than a number or a random generator's state.
bool has_weights(const Value& v) {
  if (v.kind() != Kind::dict) return false;
  size_t tensors = 0, weights = 0;
  for (const auto& [key, value] : v.pairs()) {
    if (key.kind() != Kind::string) return false;
    if (is_special(value)) ++tensors, ++weights;
    if (value.kind() != Kind::tensor) continue;
    const Tensor& t = value.as_tensor();
    ++tensors;
    weights += t.dim() > 1 || (t.dim() == 1 && t.dtype() != DType::u8);
  }
  return weights > 0 && 2 * tensors > v.size();
}

bool is_optimizer(const Value& v) { return v.find("state") && v.find("param_groups"); }

// A dictionary with weights, unless it wraps a larger one: {"model": {...}, "mean": tensor, "std": tensor}.
bool is_candidate(const Value& v) {
  if (!has_weights(v)) return false;
  const size_t own = count_tensors(v);
  for (const auto& [key, value] : v.pairs())
    if (has_weights(value) && count_tensors(value) >= own) return false;
  return true;
}

class CandidateSearch {
 public:
  explicit CandidateSearch(const Value& root) { visit(root, "", 0); }
  std::vector<Candidate> found;

 private:
  void visit(const Value& v, const std::string& path, int depth) {
    if (depth > deepest_candidate) return;
    if (is_module(v)) {
      if (const size_t entries = count_module_entries(v)) found.push_back({path, &v, entries});
      return;
    }
    if (v.kind() == Kind::object && v.state().kind() == Kind::dict) return visit(v.state(), path, depth + 1);
    if (v.kind() != Kind::dict || is_optimizer(v)) return;
    if (is_candidate(v)) {
      found.push_back({path, &v, count_tensors(v)});
      return;
    }
    if (!visited_.insert(v.node()).second) return;
    for (const auto& [key, value] : v.pairs())
      if (key.kind() == Kind::string && key.size() <= 1000)
        visit(value, path.empty() ? key.as_string() : path + "." + key.as_string(), depth + 1);
  }
  std::unordered_set<const Value::Node*> visited_;
};

std::string list_of(const std::vector<Candidate>& candidates) {
  std::string text;
  for (size_t i = 0; i < candidates.size() && i < most_candidates_named; ++i)
    text += concat(i ? ", \"" : "\"", candidates[i].path, "\" (", candidates[i].tensors, " tensors)");
  if (candidates.size() > most_candidates_named)
    text += concat(" and ", candidates.size() - most_candidates_named, " more");
  return text;
}

// The value at a path of keys; a key with dots in it is tried before its parts. Null when there is none.
const Value* value_at(const Value& v, std::string_view path) {
  if (v.kind() == Kind::object && v.state().kind() == Kind::dict) return value_at(v.state(), path);
  if (v.kind() != Kind::dict) return nullptr;
  if (const Value* whole = v.find(path)) return whole;
  for (size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1))
    if (const Value* child = v.find(path.substr(0, dot)))
      if (const Value* found = value_at(*child, path.substr(dot + 1))) return found;
  return nullptr;
}

StateDict state_of(const Value& v) { return is_module(v) ? module_state_dict(v) : StateDict::from(v); }

// Why `v` is no state_dict, in the words that help most.
[[noreturn]] void fail_no_state_dict(const Value& v, const std::string& where,
                                     const std::vector<Candidate>& candidates) {
  if (v.kind() == Kind::object)
    fail(ErrorKind::unsafe, where, " is an instance of ", v.type_name(),
         ", which only running the file's code could build; save model.state_dict() instead of the model");
  if (v.kind() == Kind::tensor)
    fail(ErrorKind::mismatch, where, " is one tensor, no state_dict; take it from Checkpoint::open(...)");
  fail(ErrorKind::mismatch, where, " is a ", v.type_name(), " that is no state_dict",
       candidates.empty() ? ", and nothing in it is one" : "; these are: " + list_of(candidates));
}

}  // namespace

std::vector<std::string> Checkpoint::candidates() const {
  std::vector<std::string> paths;
  for (const Candidate& c : CandidateSearch(root_).found) paths.push_back(c.path);
  return paths;
}

StateDict Checkpoint::state_dict(const std::string& key) const {
  try {
    if (!key.empty()) {
      const Value* value = value_at(root_, key);
      if (!value) {
        const auto found = CandidateSearch(root_).found;
        fail(ErrorKind::mismatch, "no key \"", key, "\" in the file",
             found.empty() ? ", and no state_dict elsewhere" : "; the state_dicts are: " + list_of(found));
      }
      if (value->kind() != Kind::dict && !is_module(*value))
        fail_no_state_dict(*value, "\"" + key + "\"", CandidateSearch(root_).found);
      return state_of(*value);
    }
    // Formats that hold names and tensors only need no search.
    const bool plain = container_ == "safetensors" || container_ == "npz" || container_ == "shards";
    if (root_.kind() == Kind::dict && (plain || root_.size() == 0)) return StateDict::from(root_);
    const auto found = CandidateSearch(root_).found;
    bool same = !found.empty();
    for (const Candidate& c : found) same &= c.dict->node() == found[0].dict->node();
    if (same) return state_of(*found[0].dict);
    if (is_module(root_)) return state_of(root_);  // without a single tensor
    if (found.empty()) fail_no_state_dict(root_, "the file's value", found);
    fail(ErrorKind::mismatch, "the file holds ", found.size(), " state_dicts; choose one with {.key = \"",
         found[0].path, "\"}: ", list_of(found));
  } catch (Error& e) {
    throw e.in_file(path_);
  }
}

}  // namespace sconce
