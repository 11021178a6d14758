// The tensors that a command works on.
#include "source.h"

#include <sconce/tensors_in.h>

#include <regex>

#include "text.h"

namespace sconce::cli {

StateDict state_of(const Checkpoint& checkpoint, const std::string& key, bool fall_back) {
  if (!key.empty() || !fall_back) return checkpoint.state_dict(key);
  try {
    return checkpoint.state_dict();
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::mismatch && e.kind() != ErrorKind::unsafe) throw;
    return every_tensor(checkpoint);
  }
}

StateDict every_tensor(const Checkpoint& checkpoint) {
  StateDict out;
  for (NamedTensor& named : tensors_in(checkpoint.root())) {
    if (named.path.empty()) named.path = "tensor";
    if (out.contains(named.path))
      fail(ErrorKind::mismatch, "two tensors of the file have the path ", printable(named.path));
    out.insert(std::move(named.path), std::move(named.value));
  }
  return out;
}

StateDict without_prefixes(StateDict state, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) state = strip_prefix(state, prefix);
  return state;
}

StateDict only_matching(const StateDict& state, const std::string& pattern) {
  try {
    const std::regex expression(pattern, std::regex::ECMAScript);
    StateDict out;
    for (const StateDict::Entry& entry : state)
      if (std::regex_search(entry.key, expression)) out.insert(entry.key, entry.value);
    out.set_metadata(state.metadata());
    return out;
  } catch (const std::regex_error& e) {
    fail(ErrorKind::invalid_argument, "--only expects a regular expression, got '", pattern, "': ", e.what());
  }
}

}  // namespace sconce::cli
