#include <sconce/state_dict.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <regex>
#include <tuple>

namespace sconce {
namespace {

constexpr const char* metadata_name = "_metadata";

// Levenshtein distance; both strings are short.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

// Up to three keys that a typing error could have meant, as '; did you mean "x", "y"?'.
std::string nearest_keys(std::span<const StateDict::Entry> entries, std::string_view wanted) {
  constexpr size_t most_keys = 5000, longest = 200;
  if (entries.size() > most_keys || wanted.size() > longest) return "";
  std::vector<std::pair<size_t, const std::string*>> close;
  for (const auto& entry : entries) {
    if (entry.key.size() > longest) continue;
    const size_t distance = edit_distance(entry.key, wanted);
    if (distance <= std::max<size_t>(2, wanted.size() / 3)) close.emplace_back(distance, &entry.key);
  }
  std::stable_sort(close.begin(), close.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(close.size(), 3); ++i)
    text += (i ? ", \"" : "; did you mean \"") + *close[i].second + "\"";
  return text.empty() ? "" : text + "?";
}

// The entries under new keys, in the old order.
StateDict with_keys(const StateDict& state, const std::function<std::string(const std::string&)>& new_key) {
  StateDict out;
  for (const auto& entry : state) {
    std::string key = new_key(entry.key);
    check(!out.contains(key), "[StateDict] two keys become \"", key, "\"; one of them was \"", entry.key,
          "\"");
    out.insert(std::move(key), entry.value);
  }
  out.set_metadata(state.metadata());
  return out;
}

// Metadata under new module paths; nullopt drops an entry.
Value with_paths(const Value& metadata,
                 const std::function<std::optional<std::string>(const std::string&)>& new_path) {
  if (metadata.kind() != Value::Kind::dict) return metadata;
  Value::Pairs pairs;
  for (const auto& [path, version] : metadata.pairs()) {
    if (path.kind() != Value::Kind::string) continue;
    if (auto renamed = new_path(path.as_string())) pairs.emplace_back(Value(*renamed), version);
  }
  return Value::dict(std::move(pairs), metadata.type_name());
}

std::regex compile(const std::string& pattern) {
  try {
    return std::regex(pattern, std::regex::ECMAScript);
  } catch (const std::regex_error& e) {
    fail(ErrorKind::invalid_argument, "[StateDict] \"", pattern,
         "\" is not a regular expression: ", e.what());
  }
}

}  // namespace

StateDict::StateDict(std::initializer_list<std::pair<std::string, Value>> entries) {
  for (const auto& [key, value] : entries) insert(key, value);
}

StateDict StateDict::from(const Value& dict) {
  if (dict.kind() != Value::Kind::dict)
    fail(ErrorKind::mismatch, "Expected state_dict to be dict-like, got <class '", dict.type_name(), "'>.");
  StateDict state;
  state.entries_.reserve(dict.pairs().size());
  state.index_.reserve(dict.pairs().size());
  for (const auto& [key, value] : dict.pairs()) {
    if (key.kind() != Value::Kind::string)
      fail(ErrorKind::mismatch, "[StateDict] expected keys of type str, got ", key.type_name(), " ",
           key.repr(60));
    state.insert(key.as_string(), value);
  }
  if (const Value* metadata = dict.attributes().find(metadata_name)) state.set_metadata(*metadata);
  return state;
}

Value StateDict::to_value() const {
  Value::Pairs pairs;
  pairs.reserve(entries_.size());
  for (const Entry& entry : entries_) pairs.emplace_back(Value(entry.key), entry.value);
  const Value dict = Value::dict(std::move(pairs), "collections.OrderedDict");
  if (metadata_.is_none()) return dict;
  return dict.with_attributes(Value::dict({{Value(metadata_name), metadata_}}));
}

size_t StateDict::place_of(std::string_view key, uint64_t hash) const {
  return index_.find(hash, [&](size_t place) { return entries_[place].key == key; });
}

const Value* StateDict::find(std::string_view key) const {
  const size_t place = place_of(key, HashIndex::hash(key));
  return place == HashIndex::npos ? nullptr : &entries_[place].value;
}

const Tensor& StateDict::operator[](std::string_view key) const {
  const Value* value = find(key);
  if (!value)
    fail(ErrorKind::mismatch, "no key \"", key, "\" among the ", entries_.size(), " keys of this state_dict",
         nearest_keys(entries_, key));
  if (value->kind() != Value::Kind::tensor)
    fail(ErrorKind::mismatch, "expected a tensor under \"", key, "\", got ", value->type_name());
  return value->as_tensor();
}

void StateDict::insert(std::string key, Value value) {
  const uint64_t hash = HashIndex::hash(key);
  const size_t place = place_of(key, hash);
  if (place != HashIndex::npos) {
    entries_[place].value = std::move(value);
    return;
  }
  entries_.push_back({std::move(key), std::move(value)});
  index_.insert(hash, entries_.size() - 1);
}

void StateDict::erase(std::string_view key) {
  const size_t place = place_of(key, HashIndex::hash(key));
  if (place == HashIndex::npos) return;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(place));
  index_.clear();
  index_.reserve(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) index_.insert(HashIndex::hash(entries_[i].key), i);
}

void StateDict::set_metadata(Value metadata) {
  metadata_ = std::move(metadata);
  versions_.clear();
  const Value::Pairs& pairs = metadata_.pairs();
  for (size_t i = pairs.size(); i-- > 0;) {  // of two equal paths the last one counts
    if (pairs[i].first.kind() != Value::Kind::string) continue;
    const Value* version = pairs[i].second.find("version");
    if (!version || version->kind() != Value::Kind::integer) continue;
    const std::string& path = pairs[i].first.as_string();
    const uint64_t hash = HashIndex::hash(path);
    const auto same = [&](size_t place) { return pairs[place].first.as_string() == path; };
    if (versions_.find(hash, same) == HashIndex::npos) versions_.insert(hash, i);
  }
}

std::optional<int64_t> StateDict::version(std::string_view module_path) const {
  const Value::Pairs& pairs = metadata_.pairs();
  const auto same = [&](size_t place) { return pairs[place].first.as_string() == module_path; };
  const size_t place = versions_.find(HashIndex::hash(module_path), same);
  if (place == HashIndex::npos) return std::nullopt;
  return pairs[place].second.find("version")->as_int();
}

StateDict strip_prefix(const StateDict& state, std::string_view prefix) {
  StateDict out = with_keys(state, [&](const std::string& key) {
    return key.starts_with(prefix) ? key.substr(prefix.size()) : key;
  });
  const std::string path =
      prefix.ends_with('.') ? std::string(prefix.substr(0, prefix.size() - 1)) : std::string(prefix);
  out.set_metadata(with_paths(state.metadata(), [&](const std::string& p) -> std::optional<std::string> {
    if (p == path) return "";
    if (p.starts_with(prefix)) return p.substr(prefix.size());
    return p.empty() && state.metadata().find(path) ? std::nullopt
                                                    : std::optional(p);  // the wrapper's own entry gives way
  }));
  return out;
}

StateDict add_prefix(const StateDict& state, std::string_view prefix) {
  const std::string text(prefix);
  StateDict out = with_keys(state, [&](const std::string& key) { return text + key; });
  const std::string path = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  out.set_metadata(with_paths(state.metadata(), [&](const std::string& p) -> std::optional<std::string> {
    return p.empty() ? path : text + p;
  }));
  return out;
}

StateDict rename(const StateDict& state, const std::string& pattern, const std::string& replacement) {
  const std::regex expression = compile(pattern);
  return with_keys(state,
                   [&](const std::string& key) { return std::regex_replace(key, expression, replacement); });
}

StateDict select(const StateDict& state, const std::string& pattern) {
  const std::regex expression = compile(pattern);
  StateDict out;
  for (const auto& entry : state)
    if (std::regex_match(entry.key, expression)) out.insert(entry.key, entry.value);
  out.set_metadata(state.metadata());
  return out;
}

std::vector<std::vector<std::string>> tied_keys(const StateDict& state) {
  using View = std::tuple<const void*, DType, int64_t, std::vector<int64_t>, Strides>;
  std::map<View, size_t> group_of;
  std::vector<std::vector<std::string>> groups;
  for (const auto& entry : state) {
    if (!entry.is_tensor() || entry.tensor().numel() == 0) continue;
    const Tensor& t = entry.tensor();
    const View view{t.storage().id(), t.dtype(), t.storage_offset(), t.shape().extents(), t.strides()};
    const auto [place, added] = group_of.try_emplace(view, groups.size());
    if (added) groups.emplace_back();
    groups[place->second].push_back(entry.key);
  }
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

}  // namespace sconce
