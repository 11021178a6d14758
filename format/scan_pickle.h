// One pickle program followed for what it names and calls, however broken it is. Separate from the reader of
// pickle.h, which refuses what this must see through.
#pragma once
#include "bytes.h"

#include <sconce/scan.h>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sconce {

// What else a scan needs to know of a program.
struct PickleOutcome {
  ScanPickle pickle;
  bool stopped = false;         // reached STOP
  bool has_mark = false;        // begins with PROTO
  bool plausible = true;        // every name could be a Python name
  bool is_torch_magic = false;  // its value is the number that begins a legacy stream
  // Its value, when that is a list or tuple of texts, else empty: the storage keys of a legacy stream.
  std::vector<std::string> texts;
  // Bytes of each storage that a persistent id names, by key.
  std::unordered_map<std::string, uint64_t> storages;
  uint64_t operations = 0;
};

// Bytes of one element of "torch.FloatStorage"; 1 when it is not known.
uint64_t storage_element_size(std::string_view storage_class);

// Follows the program at the beginning of `program` to STOP, or to an operation that no Python could read.
// Where Python would raise an error that this can pass, it notes the first and goes on: whatever it names
// later is reported too. Time and memory are bounded by the lengths given and by `most_operations`.
PickleOutcome follow_pickle(Bytes program, uint64_t most_operations);

}  // namespace sconce
