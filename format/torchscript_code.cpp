#include "torchscript_code.h"

#include <algorithm>

namespace sconce {
namespace {

// The text from `at` up to the end of its line, which `at` moves past.
std::string_view next_line(std::string_view text, size_t& at) {
  const size_t end = std::min(text.find('\n', at), text.size());
  const std::string_view line = text.substr(at, end - at);
  at = end + 1;
  return line;
}

// A quoted string at text[at], which `at` moves past; nothing when there is none.
std::optional<std::string> quoted(std::string_view text, size_t& at) {
  if (at >= text.size() || text[at] != '"') return std::nullopt;
  std::string out;
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      at = i + 1;
      return out;
    }
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return std::nullopt;
}

// ["a", "b", ]
std::set<std::string, std::less<>> names(std::string_view list) {
  std::set<std::string, std::less<>> out;
  for (size_t at = list.find('"'); at != list.npos; at = list.find('"', at)) {
    auto name = quoted(list, at);
    if (!name) break;
    out.insert(std::move(*name));
  }
  return out;
}

// One line inside a class, without its indentation.
void declare(ScriptClass& c, std::string_view line) {
  constexpr std::string_view parameters = "__parameters__ = ", buffers = "__buffers__ = ",
                             annotation = "__annotations__[";
  if (line.starts_with(parameters)) {
    c.parameters = names(line.substr(parameters.size()));
  } else if (line.starts_with(buffers)) {
    c.buffers = names(line.substr(buffers.size()));
  } else if (line.starts_with(annotation)) {  // a name that is no identifier: __annotations__["0"] = Type
    size_t at = annotation.size();
    const auto name = quoted(line, at);
    constexpr std::string_view equals = "] = ";
    if (name && line.substr(at).starts_with(equals)) c.types.emplace(*name, line.substr(at + equals.size()));
  } else if (const size_t colon = line.find(" : "); colon != line.npos && !line.starts_with("def ")) {
    c.types.emplace(line.substr(0, colon), line.substr(colon + 3));
  }
}

}  // namespace

std::map<std::string, ScriptClass> script_classes(std::string_view text) {
  std::map<std::string, ScriptClass> out;
  ScriptClass* open = nullptr;
  for (size_t at = 0; at < text.size();) {
    const std::string_view line = next_line(text, at);
    constexpr std::string_view keyword = "class ";
    if (line.starts_with(keyword)) {
      const size_t parenthesis = line.find('(');
      const size_t end = std::min({parenthesis, line.find(':'), line.size()});
      open = &out[std::string(line.substr(keyword.size(), end - keyword.size()))];
      *open = {};
      open->is_module = parenthesis != line.npos && line.substr(parenthesis).starts_with("(Module)");
    } else if (!line.empty() && line[0] != ' ') {
      open = nullptr;
    } else if (open && line.size() > 2 && line.starts_with("  ") && line[2] != ' ') {
      declare(*open, line.substr(2));  // deeper lines belong to methods
    }
  }
  return out;
}

const ScriptClass* ScriptCode::find(const std::string& qualified_name) {
  const size_t dot = qualified_name.rfind('.');
  if (dot == qualified_name.npos) return nullptr;
  std::string record = "code/" + qualified_name.substr(0, dot) + ".py";
  std::replace(record.begin(), record.end() - 3, '.', '/');
  auto found = records_.find(record);
  if (found == records_.end()) {
    const auto text = read_(record);
    found =
        records_.emplace(record, text ? script_classes(*text) : std::map<std::string, ScriptClass>()).first;
  }
  const auto named = found->second.find(qualified_name.substr(dot + 1));
  return named == found->second.end() ? nullptr : &named->second;
}

}  // namespace sconce
