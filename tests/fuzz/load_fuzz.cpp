// Any bytes as a checkpoint: every tensor readable, or an Error, within the budget.
#include <sconce/checkpoint.h>
#include <sconce/ops.h>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  LoadOptions options;
  options.verify_crc = size % 2 == 0;  // the mutator rarely hits a checksum
  options.budget.tree_bytes = 16 << 20;
  options.budget.materialized_bytes = 16 << 20;
  for (const Profile profile : {Profile::strict, Profile::compat}) {
    options.profile = profile;
    try {
      const Checkpoint checkpoint =
          Checkpoint::from_bytes({reinterpret_cast<const char*>(data), size}, "fuzz", options);
      (void)checkpoint.root().repr();
      for (const auto& [key, value] : checkpoint.root().pairs())
        if (value.kind() == Value::Kind::tensor && value.as_tensor().numel() < 100'000)
          (void)value.as_tensor().clone();
      (void)checkpoint.state_dict();
    } catch (const Error&) {
    }
  }
  return 0;
}
