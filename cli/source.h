// The tensors that a command works on: a state_dict of a file, or every tensor in it.
#pragma once
#include <sconce/checkpoint.h>

#include <string>
#include <vector>

namespace sconce::cli {

// The state_dict at `key`, or the one that the file holds. With an empty key and `fall_back` a file without a
// state_dict, or with several, gives every tensor, named by its path.
StateDict state_of(const Checkpoint& checkpoint, const std::string& key, bool fall_back);
// Every tensor in the file, named by its path. Throws ErrorKind::mismatch when two have one name.
StateDict every_tensor(const Checkpoint& checkpoint);
// Removes prefixes from the keys that have them, one after the other.
StateDict without_prefixes(StateDict state, const std::vector<std::string>& prefixes);
// Keeps the keys in which the regular expression (ECMAScript) is found. Throws ErrorKind::invalid_argument.
StateDict only_matching(const StateDict& state, const std::string& pattern);

}  // namespace sconce::cli
