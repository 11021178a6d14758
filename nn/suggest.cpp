// Guesses what a person would try when the keys of a checkpoint do not match: a prefix to strip or to add, a
// nested dictionary.
#include <sconce/nn/load_state_dict.h>
#include <sconce/nn/module.h>

#include <unordered_map>
#include <unordered_set>

namespace sconce::nn {
namespace {

using Keys = std::vector<std::string>;

// The prefix (ending in a dot) whose removal from `keys` puts the most of them into `known`, and how many.
std::pair<std::string, size_t> best_prefix(const Keys& keys,
                                           const std::unordered_set<std::string_view>& known) {
  std::unordered_map<std::string, size_t> hits;
  for (const auto& key : keys) {
    size_t dot = key.find('.');
    for (int depth = 0; depth < 4 && dot != std::string::npos; ++depth, dot = key.find('.', dot + 1))
      if (known.contains(std::string_view(key).substr(dot + 1))) ++hits[key.substr(0, dot + 1)];
  }
  std::pair<std::string, size_t> best{"", 0};
  for (const auto& [prefix, count] : hits)
    if (count > best.second || (count == best.second && prefix < best.first)) best = {prefix, count};
  return best;
}

// "every key starts with" or "5 of 7 keys start with".
std::string starting(const Keys& keys, const std::string& prefix) {
  size_t count = 0;
  for (const auto& key : keys) count += key.starts_with(prefix);
  return count == keys.size() ? "every key starts with"
                              : concat(count, " of ", keys.size(), " keys start with");
}

// The value of the state_dict that is itself a dictionary holding the most of the module's keys.
LoadHint nested_in(const StateDict& state, const std::unordered_set<std::string_view>& wanted) {
  const StateDict::Entry* best = nullptr;
  size_t most = 0;
  for (const auto& entry : state) {
    if (entry.value.kind() != Value::Kind::dict) continue;
    size_t tensors = 0;
    for (const auto& [key, value] : entry.value.pairs()) {
      if (key.kind() != Value::Kind::string) continue;
      if (value.kind() == Value::Kind::tensor || wanted.contains(key.as_string())) ++tensors;
    }
    if (tensors > most) best = &entry, most = tensors;
  }
  if (!best) return {};
  return {LoadHint::Kind::nested, best->key,
          concat("the weights seem to lie in the dictionary \"", best->key, "\"; load with the key \"",
                 best->key, "\"")};
}

}  // namespace

LoadHint suggest(const Module& module, const StateDict& state) {
  Keys have, want;
  for (const auto& entry : state) have.push_back(entry.key);
  const StateDict own = module.state_dict();
  for (const auto& entry : own) want.push_back(entry.key);
  const std::unordered_set<std::string_view> have_set(have.begin(), have.end()),
      want_set(want.begin(), want.end());
  size_t matched = 0;
  for (const auto& key : want) matched += have_set.contains(key);
  if (matched == want.size()) return {};

  const auto [strip, stripped] = best_prefix(have, want_set);
  const auto [add, added] = best_prefix(want, have_set);
  if (stripped > matched && stripped >= added)
    return {LoadHint::Kind::strip_prefix, strip,
            concat(starting(have, strip), " \"", strip, "\"; strip it with strip_prefix(state, \"", strip,
                   "\")")};
  if (added > matched)
    return {
        LoadHint::Kind::add_prefix, add,
        concat(starting(want, add), " \"", add,
               "\" in the module and not in the state_dict; add it with add_prefix(state, \"", add, "\")")};
  return matched == 0 ? nested_in(state, want_set) : LoadHint{};
}

}  // namespace sconce::nn
