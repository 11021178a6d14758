// Any bytes as a checkpoint: every tensor's bytes readable, or an Error, within the budget.
#include <sconce/checkpoint.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>

#include <algorithm>
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
      for (const auto& [key, value] : checkpoint.root().pairs()) {
        if (value.kind() == Value::Kind::quantized) (void)value.as_quantized().dequantize(1 << 20);
        if (value.kind() == Value::Kind::sparse) (void)value.as_sparse().to_dense(1 << 20);
        if (value.kind() != Value::Kind::tensor || value.as_tensor().device() == meta) continue;
        const Tensor& t = value.as_tensor();
        const auto* from = static_cast<const unsigned char*>(t.storage().data());
        volatile int seen = 0;
        for (size_t i = 0; i < t.storage().nbytes(); ++i) seen = seen + from[i];
        int64_t last = t.storage_offset();
        for (int64_t d = 0; d < t.dim(); ++d) last += std::max<int64_t>(t.size(d) - 1, 0) * t.stride(d);
        if (t.numel() > 0) seen = seen + from[last * static_cast<int64_t>(size_of(t.dtype()))];
      }
      (void)checkpoint.state_dict();
    } catch (const Error&) {
    }
  }
  return 0;
}
