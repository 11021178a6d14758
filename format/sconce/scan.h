// What the pickles in a file would do to a Python that loads them, told without doing any of it.
#pragma once
#include <sconce/checkpoint.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sconce {

// What is known of a name that a pickle asks Python to import. From harmless to harmful.
enum class ScanVerdict {
  allowed,    // torch.load(weights_only=True) takes it by default (PyTorch 2.15)
  inert,      // beyond that list, but only builds data; Sconce reads it as plain values
  unknown,    // neither: what it does depends on the code behind the name
  dangerous,  // known to run code, start programs, or reach files or the network
};
// The enumerator's name.
const char* to_string(ScanVerdict verdict);

// The verdict on `module`.`name`, and why when it is dangerous. Names are Python 3's; a name with dots is an
// attribute path, as protocol 4 resolves it.
struct NameVerdict {
  ScanVerdict verdict = ScanVerdict::unknown;
  std::string_view why = {};
};
NameVerdict verdict_of_global(std::string_view module, std::string_view name);

struct ScanGlobal {
  std::string name;  // "posix.system"; as the file spells it, so it may hold anything
  ScanVerdict verdict = ScanVerdict::unknown;
  std::string why;      // of a dangerous one: "runs shell commands"
  uint64_t uses = 0;    // how often it is named
  uint64_t offset = 0;  // where it is named first, in bytes from the pickle's beginning
};

// One thing that loading would have done and that is not known to be harmless.
struct ScanAction {
  std::string text;  // "posix.system('ls -la')", shortened
  ScanVerdict verdict = ScanVerdict::unknown;
  uint64_t offset = 0;  // as above
};

// One pickle program, from its first operation to STOP or to where it breaks.
struct ScanPickle {
  std::string where;                // "model.pth/archive/data.pkl", "data.npy", ...
  uint64_t offset = 0, length = 0;  // in the thing that `where` names
  int protocol = 0;
  std::vector<ScanGlobal> globals;  // in order of first use
  std::vector<ScanAction> actions;  // in order; the first 1000
  uint64_t actions_left_out = 0;    // beyond those
  std::string broken;               // why it does not reach STOP properly, or empty
  ScanVerdict verdict() const;      // the worst of its globals and actions
};

struct ScanReport {
  std::string path;
  std::string type;  // what the file is: "a zip archive", "a pickle", "a PNG image"
  std::vector<ScanPickle> pickles;
  // Contradictions and leftovers that hide content from careless readers; one sentence each.
  std::vector<std::string> oddities;
  // Parts that may hold pickles and could not be looked into, and pickles that break: one sentence each.
  std::vector<std::string> unseen;
  ScanVerdict verdict() const;  // the worst of its pickles
  // Is everything that was seen harmless, and was everything seen?
  bool clean() const { return verdict() <= ScanVerdict::inert && unseen.empty(); }
};

// Looks for pickles wherever a loader could find them: in plain files, the five of a legacy stream, stacked
// ones after STOP, members of zip and tar archives and of archives inside them (whatever the member is
// called, whatever its flags, checksums and headers say, as the directory and as the member's own header tell
// it), object arrays of .npy and .npz, gzip files, and the shards that an index.json names. Tensor data is not
// read. Nothing is executed. Throws ErrorKind::io; everything else is part of the report.
ScanReport scan(const std::string& path, const Budget& budget = {});
// The same for bytes in memory; `name` stands for the path.
ScanReport scan_bytes(std::string bytes, const std::string& name, const Budget& budget = {});

}  // namespace sconce
