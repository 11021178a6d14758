// Any bytes as a .npy, IDX, gzip or CSV file: an error, or a tensor within the budget.
#include "data_readers.h"

#include <cstdlib>

using namespace sconce;

namespace {

template <class F>
void must_throw_or_fit(const F& read, uint64_t most) {
  try {
    const Tensor t = read();
    if (static_cast<uint64_t>(t.nbytes()) > most || !t.defined()) std::abort();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes = std::as_bytes(std::span(data, size));
  Budget budget;
  budget.materialized_bytes = 1 << 22;
  const uint64_t most = budget.materialized_bytes;
  must_throw_or_fit([&] { return read_npy(bytes, budget); }, most);
  must_throw_or_fit([&] { return read_idx(bytes, budget); }, most);
  for (const char* label : {"", "-1", "y"}) {
    CsvOptions options;
    options.label = label;
    options.budget = budget;
    must_throw_or_fit([&] { return read_csv(text_of(bytes), options).inputs; }, most);
  }
  return 0;
}
