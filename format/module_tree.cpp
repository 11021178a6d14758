#include "module_tree.h"

#include <algorithm>
#include <functional>

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr int deepest = 1000;
constexpr size_t most_entries = 1'000'000, most_modules = 1'000'000, most_key_bytes = size_t{1} << 28;

// `_parameters`, `_buffers` or `_modules` of an instance; null when it has none.
const Value* registry(const Value& module, std::string_view name) {
  const Value* found = module.find(name);
  if (!found && module.state().kind() == Kind::dict) found = module.state().find(name);
  return found && found->kind() == Kind::dict ? found : nullptr;
}

bool is_non_persistent(const Value& module, const Value& buffer) {
  const Value* names =
      module.state().kind() == Kind::dict ? module.state().find("_non_persistent_buffers_set") : nullptr;
  return names && std::any_of(names->items().begin(), names->items().end(), [&](const Value& name) {
           return name.kind() == Kind::string && name.as_string() == buffer.as_string();
         });
}

// Walks a module's tensors in the order of its state_dict. `entry` and `module` return false to stop.
class Walker {
 public:
  std::function<bool(const std::string& key, const Value& value)> entry;
  std::function<bool(const std::string& path, const Value& module)> module;

  bool walk(const Value& value, const std::string& prefix, int depth) {
    if (depth > deepest) fail(ErrorKind::out_of_budget, "modules are nested more than ", deepest, " deep");
    if (!module(prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1), value)) return false;
    for (const char* kind : {"_parameters", "_buffers"})
      if (const Value* members = registry(value, kind))
        for (const auto& [name, member] : members->pairs()) {
          if (name.kind() != Kind::string || member.is_none()) continue;
          if (std::string_view(kind) == "_buffers" && is_non_persistent(value, name)) continue;
          if (!entry(prefix + name.as_string(), member)) return false;
        }
    if (const Value* children = registry(value, "_modules"))
      for (const auto& [name, child] : children->pairs())
        if (name.kind() == Kind::string && is_module(child) &&
            !walk(child, prefix + name.as_string() + ".", depth + 1))
          return false;
    return true;
  }
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
  size_t key_bytes = 0;
  const auto count = [&](const std::string& key) {
    key_bytes += key.size();
    if (key_bytes > most_key_bytes || out.size() >= most_entries || metadata.size() >= most_modules)
      fail(ErrorKind::out_of_budget, "the module gives more than ", most_entries, " entries");
  };
  Walker walker;
  walker.entry = [&](const std::string& key, const Value& value) {
    count(key);
    out.insert(key, value);
    return true;
  };
  walker.module = [&](const std::string& path, const Value& m) {
    count(path);
    metadata.emplace_back(path, Value::dict({{"version", version_of(m)}}));
    return true;
  };
  walker.walk(module, "", 0);
  out.set_metadata(Value::dict(std::move(metadata), "collections.OrderedDict"));
  return out;
}

size_t count_module_entries(const Value& module, size_t most) {
  size_t entries = 0, modules = 0;
  Walker walker;
  walker.entry = [&](const std::string&, const Value&) { return ++entries < most; };
  walker.module = [&](const std::string&, const Value&) { return ++modules < 1000 + 10 * most; };
  walker.walk(module, "", 0);
  return entries;
}

}  // namespace sconce
