// Any bytes as a pickle: a value or an Error, within the budget.
#include "pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  Budget budget;
  budget.tree_bytes = 16 << 20;
  for (const Profile profile : {Profile::strict, Profile::compat}) {
    try {
      PickleMeaning meaning;
      PickleReader reader(std::as_bytes(std::span(data, size)), meaning, profile, budget);
      (void)reader.read().repr();
    } catch (const Error&) {
    }
  }
  return 0;
}
