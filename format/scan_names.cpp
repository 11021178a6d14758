// The verdict on each name that a pickle asks Python to import.
#include "scan_names.h"

#include <sconce/scan.h>

namespace sconce {

const char* to_string(ScanVerdict verdict) {
  switch (verdict) {
    case ScanVerdict::allowed: return "allowed";
    case ScanVerdict::inert: return "inert";
    case ScanVerdict::unknown: return "unknown";
    case ScanVerdict::dangerous: return "dangerous";
  }
  return "";
}

NameVerdict verdict_of_global(std::string_view module, std::string_view name) {
  const std::string full = std::string(module) + "." + std::string(name);
  const bool path = name.find('.') != name.npos;
  // Exactly these names: a path through an allowed class would reach its methods.
  if (!path) {
    if (is_allowed_name(module, name, full)) return {ScanVerdict::allowed};
    if (is_inert_name(module, full)) return {ScanVerdict::inert};
  }
  if (const std::string_view why = reason_of_name(full); !why.empty()) return {ScanVerdict::dangerous, why};
  if (const std::string_view why = reason_of_module(full); !why.empty()) return {ScanVerdict::dangerous, why};
  if (!path) return {ScanVerdict::unknown};
  // torch.serialization + os.system: a harmless module, and through what it imports another.
  for (std::string_view rest = name; !rest.empty();) {
    const size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    std::string_view why = reason_of_module(rest);
    if (why.empty()) why = reason_of_name("builtins." + std::string(part));
    if (why.empty() && part.substr(0, 2) == "__") why = reaches_anything;
    if (!why.empty()) return {ScanVerdict::dangerous, why};
    rest.remove_prefix(dot == rest.npos ? rest.size() : dot + 1);
  }
  return {ScanVerdict::unknown};
}

}  // namespace sconce
