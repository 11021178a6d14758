// The result of fitting a state_dict onto a module, and what is said when it does not fit.
#pragma once
#include <sconce/error.h>
#include <sconce/shape.h>
#include <sconce/state_dict.h>

#include <iosfwd>
#include <string>
#include <vector>

namespace sconce::nn {

class Module;

struct LoadStateDictOptions {
  bool strict = true;   // false: missing and unexpected keys are no error; sizes still are, as in PyTorch
  bool assign = false;  // true: the module takes the checkpoint's tensors themselves, with their dtypes,
                        // instead of copying. Members that were tied before stay tied (PyTorch unties them):
                        // the last key's tensor wins
};

// What load_state_dict returns. Streams as PyTorch's repr: "<All keys matched successfully>" or
// "_IncompatibleKeys(missing_keys=['fc.weight'], unexpected_keys=[])".
struct IncompatibleKeys {
  std::vector<std::string> missing_keys;     // the module has them, the state_dict not
  std::vector<std::string> unexpected_keys;  // the state_dict has them, the module not
  std::vector<std::string> warnings;         // what PyTorch would have warned of, in its words
};
std::ostream& operator<<(std::ostream& out, const IncompatibleKeys& keys);

// One reason why a state_dict does not fit.
struct LoadProblem {
  enum class Kind { missing, unexpected, size_mismatch, not_a_tensor, copy_failed };
  Kind kind;
  std::string key;
  Shape in_checkpoint, in_model;  // both of a size_mismatch and copy_failed, else empty
  std::string text;               // PyTorch's line; empty for missing and unexpected, which share a line
};

// A remedy for keys that do not match, found by comparing names. Guessing is left to people: nothing applies
// it unasked.
struct LoadHint {
  enum class Kind { none, strip_prefix, add_prefix, nested };
  Kind kind = Kind::none;
  std::string argument;  // the prefix, or the path of the nested dictionary
  std::string
      text;  // one sentence: every key starts with "module."; strip it with strip_prefix(state, "module.")
};
// Finds the one change that would make the most names of `state` fit those of `module`; Kind::none when no
// change helps.
LoadHint suggest(const Module& module, const StateDict& state);

// The exception of load_state_dict. kind() is ErrorKind::mismatch; message() is PyTorch's RuntimeError text,
// byte for byte.
class LoadStateDictError : public Error {
 public:
  LoadStateDictError(std::string message, std::vector<LoadProblem> problems, LoadHint hint);
  // All problems, in the order of the message.
  const std::vector<LoadProblem>& problems() const { return problems_; }
  // The keys of one kind of problem.
  std::vector<std::string> keys(LoadProblem::Kind kind) const;
  std::vector<std::string> missing_keys() const { return keys(LoadProblem::Kind::missing); }
  std::vector<std::string> unexpected_keys() const { return keys(LoadProblem::Kind::unexpected); }
  std::vector<std::string> mismatched_keys() const { return keys(LoadProblem::Kind::size_mismatch); }
  // The likely remedy; kind none when there is no good guess.
  const LoadHint& hint() const { return hint_; }

 private:
  std::vector<LoadProblem> problems_;
  LoadHint hint_;
};

}  // namespace sconce::nn
