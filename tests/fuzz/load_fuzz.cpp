// Any bytes as a checkpoint: every tensor's bytes readable, or an Error, within the budget.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  for (const Profile profile : {Profile::strict, Profile::compat})
    fuzz::may_fail([&] {
      const Checkpoint checkpoint = Checkpoint::from_bytes({reinterpret_cast<const char*>(data), size},
                                                           "fuzz", fuzz::small_options(size, profile));
      fuzz::read_all(checkpoint.root());
      (void)checkpoint.candidates();
      (void)checkpoint.state_dict();
    });
  return 0;
}
