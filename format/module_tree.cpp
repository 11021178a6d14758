#include "module_tree.h"

#include <functional>
#include <unordered_set>

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr int deepest_module = 1000;
// A module that stands in several places gives its entries in each: a few such, one below the other, would give more than
// any memory holds. So entries and modules are held against how many there are, shared ones counted once.
constexpr size_t most_repeats = 100, always_allowed = 10'000, most_key_bytes = size_t{1} << 28;

// `_parameters`, `_buffers` or `_modules` of an instance; null when it has none.
const Value* registry(const Value& module, std::string_view name) {
  const Value* found = module.find(name);
  if (!found && module.state().kind() == Kind::dict) found = module.state().find(name);
  return found && found->kind() == Kind::dict ? found : nullptr;
}

// The buffers that a state_dict leaves out.
std::unordered_set<std::string_view> non_persistent(const Value& module) {
  std::unordered_set<std::string_view> out;
  if (module.state().kind() != Kind::dict) return out;
  if (const Value* names = module.state().find("_non_persistent_buffers_set"))
    for (const Value& name : names->items())
      if (name.kind() == Kind::string) out.insert(name.as_string());
  return out;
}

// Walks a module's tensors in the order of its state_dict.
class Walker {
 public:
  std::function<void(const std::string& key, const Value& value)> entry;
  std::function<void(const std::string& path, const Value& module)> module;

  // False when it stopped, because there is too much repetition.
  bool walk(const Value& value, const std::string& prefix = "", int depth = 0) {
    if (depth > deepest_module)
      fail(ErrorKind::out_of_budget, "modules are nested more than ", deepest_module, " deep");
    const std::string path = prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);
    if (!count(value, path)) return false;
    if (module) module(path, value);
    const auto left_out = non_persistent(value);
    for (const std::string_view kind : {"_parameters", "_buffers"})
      if (const Value* members = registry(value, kind))
        for (const auto& [name, member] : members->pairs()) {
          if (name.kind() != Kind::string || member.is_none()) continue;
          if (kind == "_buffers" && left_out.count(name.as_string())) continue;
          const std::string key = prefix + name.as_string();
          if (!count(member, key)) return false;
          if (entry) entry(key, member);
        }
    if (const Value* children = registry(value, "_modules"))
      for (const auto& [name, child] : children->pairs())
        if (name.kind() == Kind::string && is_module(child) &&
            !walk(child, prefix + name.as_string() + ".", depth + 1))
          return false;
    return true;
  }

 private:
  bool count(const Value& v, const std::string& key) {
    distinct_.insert(v.node());
    key_bytes_ += key.size();
    return ++visits_ <= always_allowed + most_repeats * distinct_.size() && key_bytes_ <= most_key_bytes;
  }

  std::unordered_set<const Value::Node*> distinct_;
  size_t visits_ = 0, key_bytes_ = 0;
};

int64_t version_of(const Value& module) {
  if (module.find("_buffers")) return 1;  // ScriptModule has one version for all
  const Value* buffers = registry(module, "_buffers");
  return buffers && buffers->find("num_batches_tracked") ? 2 : 1;
}

}  // namespace

bool is_module(const Value& value) {
  return value.kind() == Kind::object && registry(value, "_parameters") && registry(value, "_buffers") &&
         registry(value, "_modules");
}

StateDict module_state_dict(const Value& module) {
  StateDict out;
  Value::Pairs metadata;
  Walker walker;
  walker.entry = [&](const std::string& key, const Value& value) { out.insert(key, value); };
  walker.module = [&](const std::string& path, const Value& m) {
    metadata.emplace_back(path, Value::dict({{"version", version_of(m)}}));
  };
  if (!walker.walk(module))
    fail(ErrorKind::out_of_budget, "the module repeats its parts more than ", most_repeats, " times over");
  out.set_metadata(Value::dict(std::move(metadata), "collections.OrderedDict"));
  return out;
}

size_t count_module_entries(const Value& module) {
  size_t entries = 0;
  Walker walker;
  walker.entry = [&](const std::string&, const Value&) { ++entries; };
  walker.walk(module);
  return entries;
}

}  // namespace sconce
