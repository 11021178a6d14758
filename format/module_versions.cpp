#include "module_versions.h"

#include "json_value.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace sconce {
namespace {

using Json = nlohmann::json;

bool to_json(const Value& v, Json& out) {
  switch (v.kind()) {
    case Value::Kind::none: out = nullptr; return true;
    case Value::Kind::boolean: out = v.as_bool(); return true;
    case Value::Kind::integer: out = v.as_int(); return true;
    case Value::Kind::string: out = v.as_string(); return true;
    default: return false;
  }
}

}  // namespace

std::string module_versions_text(const Value& metadata) {
  if (metadata.kind() != Value::Kind::dict) return {};
  // Written piece by piece: the JSON library would look each path up among those before it.
  std::string out = "{";
  for (const auto& [path, facts] : metadata.pairs()) {
    if (path.kind() != Value::Kind::string || facts.kind() != Value::Kind::dict) return {};
    out += out.size() > 1 ? "," : "";
    try {
      out += Json(path.as_string()).dump() + ":{";
      bool first = true;
      for (const auto& [name, value] : facts.pairs()) {
        Json made;
        if (name.kind() != Value::Kind::string || !to_json(value, made)) return {};
        out += (std::exchange(first, false) ? "" : ",") + Json(name.as_string()).dump() + ":" + made.dump();
      }
    } catch (const nlohmann::json::exception&) {  // a name that is not UTF-8
      return {};
    }
    out += "}";
  }
  return out + "}";
}

Value module_versions_from(const std::string& text) {
  constexpr uint64_t most_bytes = uint64_t{1} << 28;
  if (text.empty() || text[0] != '{') return Value();
  try {
    const Value read = json_value(text, 2, most_bytes);
    for (const auto& [path, facts] : read.pairs())
      if (facts.kind() != Value::Kind::dict) return Value();
    return Value::dict(read.pairs(), "collections.OrderedDict");
  } catch (const Error&) {
    return Value();
  }
}

}  // namespace sconce
