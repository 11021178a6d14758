// Files to tensors: opens what torch.save wrote, without executing anything in it.
#pragma once
#include <sconce/state_dict.h>

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sconce {

// Limits that are checked before anything is allocated. Passing one throws ErrorKind::out_of_budget.
struct Budget {
  uint64_t pickle_bytes = uint64_t{1} << 30;  // length of one pickle program
  uint64_t opcodes = 100'000'000;             // pickle operations
  uint64_t memo_entries = 50'000'000;
  uint64_t string_bytes = uint64_t{1} << 30;  // one string or bytes object
  uint64_t depth = 1000;                      // nesting of the value tree
  uint64_t tree_bytes = uint64_t{4} << 30;    // memory of the value tree, tensors apart
  uint64_t tensors = 10'000'000;
  uint64_t materialized_bytes = uint64_t{1} << 36;  // inflated or copied, in total
  uint64_t inflate_ratio = 1100;  // uncompressed : compressed, of one record (deflate cannot exceed 1032)
};

// How careful to be. strict refuses what a careful reader should; compat takes what torch takes and reports warnings.
enum class Profile { strict, compat };

// Where tensors go, as torch.load's map_location. Without it every tensor lands on the CPU, wherever it was saved from.
// A device sends all there; a map sends each saved location ("cuda:0") to another ("cpu"), others to the CPU.
using MapLocation = std::variant<std::monostate, Device, std::map<std::string, std::string>>;

struct LoadOptions {
  std::string key = {};  // which dictionary holds the state_dict: "state_dict", "model.net"; empty: find it
  MapLocation map_location = {};
  Profile profile = Profile::strict;
  bool verify_crc = true;  // check each record's CRC-32 when its bytes are first used
  Budget budget = {};
};

// Where storages lay when they were saved ("cuda:0"), by Storage::id(), in order of first use.
class StorageLocations {
 public:
  using Entry = std::pair<const void*, std::string>;

  // Null for a storage that is not listed.
  const std::string* find(const void* id) const;
  // The first location of a storage stays.
  void add(const void* id, const std::string& location);
  void add(const StorageLocations& others);

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  size_t place_of(const void* id, uint64_t hash) const;

  std::vector<Entry> entries_;
  HashIndex index_;  // id to place in entries_
};

// An opened checkpoint: its whole value tree, tensors not yet read. A value; copies share.
class Checkpoint {
 public:
  // Reads the directory and the pickle, not the tensors. The format is found by content, not by extension. A
  // folder stands for the one *.index.json in it, and "archive.zip!folder/model.pth" for a file inside a zip.
  // Throws ErrorKind::io, corrupt, unsupported (naming what the file is instead), unsafe, or out_of_budget.
  static Checkpoint open(const std::string& path, const LoadOptions& options = {});
  // The same from bytes in memory, which are copied. `name` stands for the path in messages.
  static Checkpoint from_bytes(std::string bytes, const std::string& name, const LoadOptions& options = {});

  const std::string& path() const { return path_; }
  // "zip" (torch >= 1.6), "legacy" (the magic-number stream), "tar" (torch <= 0.1.9), "torchscript", "pickle"
  // (one without a container), "safetensors", "npz" or "shards" (several files with an index).
  const std::string& container() const { return container_; }
  // What torch.load would have returned.
  const Value& root() const { return root_; }
  const Value& operator[](std::string_view key) const { return root_[key]; }
  // Oddities that were tolerated, one sentence each.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Globals that the pickle names, in order of first use, each "module.name".
  const std::vector<std::string>& globals() const { return globals_; }
  // Saved location of each storage id ("cuda:0"), for display.
  const StorageLocations& locations() const { return locations_; }

  // Paths of the dictionaries that look like a state_dict (most of their values are tensors) and of modules saved
  // whole: "" is the root, "state_dict", "model.net". In order of appearance.
  std::vector<std::string> candidates() const;
  // The state_dict at `key`, or of the module there; with an empty key of the root, else of the only candidate. Throws
  // ErrorKind::mismatch that names the candidates when there are none or several, or no such key.
  StateDict state_dict(const std::string& key = "") const;

 private:
  friend class CheckpointReader;
  std::string path_, container_;
  Value root_;
  std::vector<std::string> warnings_, globals_;
  StorageLocations locations_;
};

// Checkpoint::open(path, options).state_dict(options.key): what one wants nearly always.
StateDict load(const std::string& path, const LoadOptions& options = {});

}  // namespace sconce
