// Any bytes as a pickle without a container, tensors and their nested streams included.
#include "container.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  const auto file = MappedFile::from_bytes({reinterpret_cast<const char*>(data), size}, "fuzz");
  LoadOptions options;
  options.budget.tree_bytes = 16 << 20;
  options.budget.materialized_bytes = 16 << 20;
  for (const Profile profile : {Profile::strict, Profile::compat}) {
    options.profile = profile;
    try {
      const ReadTree tree = read_bare_pickle(file, options);
      (void)tree.root.repr();
      for (const auto& [key, value] : tree.root.pairs()) {
        if (value.kind() != Value::Kind::tensor || value.as_tensor().device() == meta) continue;
        const Tensor& t = value.as_tensor();
        const auto* from = static_cast<const unsigned char*>(t.storage().data());
        volatile int seen = 0;
        for (size_t i = 0; i < t.storage().nbytes(); ++i) seen = seen + from[i];
        int64_t last = t.storage_offset();
        for (int64_t d = 0; d < t.dim(); ++d) last += std::max<int64_t>(t.size(d) - 1, 0) * t.stride(d);
        if (t.numel() > 0) seen = seen + from[last * static_cast<int64_t>(size_of(t.dtype()))];
      }
    } catch (const Error&) {
    }
  }
  return 0;
}
