// The closed list of calls that mean something in a checkpoint.
#include "rebuild_calls.h"

#include <unordered_map>

namespace sconce {

Rebuild find_rebuild(std::string_view name) {
  static const auto all = [] {
    std::unordered_map<std::string_view, Rebuild> out;
    for (const auto family :
         {tensor_calls(), quantized_calls(), sparse_calls(), torch_calls(), python_calls(), numpy_calls()})
      for (const KnownCall& known : family) out.emplace(known.name, known.rebuild);
    return out;
  }();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace sconce
