// Where pickles can be in a file: what a scan walks through.
#pragma once
#include "bytes.h"
#include "scan_pickle.h"
#include "sniff.h"

#include <sconce/scan.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sconce {

struct LooseMember;

class Scanner {
 public:
  Scanner(ScanReport& report, const Budget& budget)
      : report_(report),
        budget_(budget),
        inflatable_(budget.materialized_bytes),
        operations_(budget.opcodes) {}

  // Looks at a whole file or member; `depth` counts the archives around it.
  void look(Bytes bytes, const std::string& where, int depth);

 private:
  static constexpr int deepest_archive = 4;

  // ---- programs, and what is reported (scan_streams.cpp) ----
  void oddity(const std::string& where, const std::string& what);
  void unseen(const std::string& where, const std::string& what);
  PickleOutcome follow(Bytes bytes);
  // Is it a pickle, and not other bytes that happen to begin like one?
  static bool convincing(const PickleOutcome& outcome);
  // False when there are too many.
  bool report_pickle(PickleOutcome& outcome, const std::string& where, uint64_t offset);
  // Pickles one behind the other, as several calls of load() read them; `certain`: the first is one.
  void follow_stream(Bytes bytes, const std::string& where, bool certain);
  // Bytes of no known format: a pickle of protocol 0 or 1 has no mark.
  void look_anyway(Bytes bytes, const std::string& where, int depth, FileType type);
  // Programs of protocol 2 and later inside bytes that cannot be read otherwise; only those that name something.
  void carve(Bytes bytes, const std::string& where, uint64_t base = 0);

  // ---- containers (scanner.cpp; tar archives in scan_tar.cpp) ----
  void look_into_zip(Bytes bytes, const std::string& where, int depth);
  void look_at_member(const LooseMember& member, const std::string& where, int depth);
  // Could this be a pickle, or something that holds pickles? Most members are tensor data, which must not be
  // read through.
  bool matters(Bytes bytes);
  void look_into_npy(Bytes bytes, const std::string& where);
  void look_into_gzip(Bytes bytes, const std::string& where, int depth);
  void look_into_tar(Bytes bytes, const std::string& where, int depth);
  void follow_tar_records(Bytes bytes, const std::string& where, bool storages);
  // The index of a checkpoint in shards names files beside it.
  void look_into_index(Bytes bytes, const std::string& where, int depth);

  ScanReport& report_;
  const Budget& budget_;
  uint64_t inflatable_, operations_;  // what the budget leaves
};

}  // namespace sconce
