// Any bytes under the scan: as one program for its machine, and as a whole file. No input is an error to it.
#include "fuzz.h"
#include "scan_pickle.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  const PickleOutcome outcome = follow_pickle(bytes, 100'000);
  if (outcome.pickle.length > size) std::abort();
  Budget budget = fuzz::small_budget();
  budget.opcodes = 100'000;
  budget.materialized_bytes = 1 << 20;
  const ScanReport report = scan_bytes({reinterpret_cast<const char*>(data), size}, "fuzz", budget);
  for (const ScanPickle& pickle : report.pickles)
    if (pickle.actions.size() > 1000 || pickle.verdict() > report.verdict()) std::abort();
  return 0;
}
