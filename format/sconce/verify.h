// Is every byte of a checkpoint what was written?
#pragma once
#include <sconce/checkpoint.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sconce {

// Damage in one place.
struct VerifyDamage {
  std::string file;               // the shard, where there are several
  std::string record;             // "archive/data/3"; empty where the container has no records
  std::vector<std::string> keys;  // the tensors that need those bytes, by path; empty when none does
  std::string problem;            // one sentence
};

struct VerifyReport {
  std::string path;
  std::string container;  // as Checkpoint::container(); empty when the file could not be opened as one
  uint64_t bytes = 0;     // of the file, or of all files
  uint64_t checked = 0;   // bytes of content that were held against a checksum
  uint64_t records = 0;   // of zip archives
  uint64_t records_without_checksum = 0;
  uint64_t tensors = 0;
  std::vector<VerifyDamage> damage;
  std::vector<std::string> warnings;  // what the profile tolerates, and what could not be checked
  std::optional<Error> error;         // why the file could not be opened; damage is listed all the same

  bool sound() const { return damage.empty() && !error; }
};

// How far it is, in bytes; called from one thread at a time, now and then.
using VerifyProgress = std::function<void(uint64_t done, uint64_t total)>;

// Opens the file as load() would (structure, pickle, names, bounds of every view), and reads every byte of it:
// every record of a zip archive against its CRC-32, referred to or not, deflated ones inflated for that and
// forgotten again; bools that are neither 0 nor 1. Containers without checksums (legacy, tar, safetensors) are
// read through, so that bytes that the disk cannot give come to light. All shards of an index. On all threads of
// num_threads(). Damage is part of the report; throws ErrorKind::io when the file cannot be opened at all, and
// ErrorKind::unsupported when it is no checkpoint.
VerifyReport verify(const std::string& path, const LoadOptions& options = {},
                    const VerifyProgress& progress = {});

}  // namespace sconce
