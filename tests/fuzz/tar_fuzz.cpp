// Any bytes as a tar checkpoint, with every header's checksum made right first, which no mutator would.
#include "container.h"

#include <algorithm>
#include <cstdio>

using namespace sconce;

namespace {

void mend_checksums(std::string& bytes) {
  for (size_t at = 0; at + 512 <= bytes.size(); at += 512) {
    if (bytes.compare(at + 257, 5, "ustar") != 0) continue;
    bytes.replace(at + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(bytes[at + i]);
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum);
    bytes.replace(at + 148, 7, std::string(text, 7));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  mend_checksums(bytes);
  LoadOptions options;
  options.budget.tree_bytes = 16 << 20;
  options.budget.materialized_bytes = 16 << 20;
  options.profile = size % 2 ? Profile::compat : Profile::strict;
  try {
    const ReadTree tree = read_torch_tar(MappedFile::from_bytes(bytes, "fuzz"), options);
    (void)tree.root.repr();
    for (const auto& [key, value] : tree.root.pairs()) {
      if (value.kind() != Value::Kind::tensor) continue;
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
  return 0;
}
