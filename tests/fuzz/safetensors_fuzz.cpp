// Any bytes as a safetensors file: an error, or tensors that lie in it; and what was read can be written.
#include "container.h"
#include "safetensors_header.h"

#include <cstdlib>

using namespace sconce;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Half the inputs are a header alone, so that the mutator need not find its length.
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (size % 2) {
    std::string length;
    const size_t end = bytes.rfind('}'), header = end == bytes.npos ? size : end + 1;
    for (int i = 0; i < 8; ++i) length += static_cast<char>(header >> (8 * i));
    bytes = length + bytes;
  }
  LoadOptions options;
  options.budget.tree_bytes = 16 << 20;
  options.budget.materialized_bytes = 16 << 20;
  for (const Profile profile : {Profile::strict, Profile::compat}) {
    options.profile = profile;
    const auto file = MappedFile::from_bytes(bytes, "fuzz");
    try {
      const ReadTree tree = read_safetensors(file, options);
      volatile int seen = 0;
      for (const auto& [key, value] : tree.root.pairs()) {
        const Tensor& t = value.as_tensor();
        if (t.storage().nbytes() > size) std::abort();
        const auto* from = static_cast<const unsigned char*>(t.data());
        for (int64_t i = 0; i < t.nbytes(); ++i) seen = seen + from[i];
      }
    } catch (const Error&) {
    }
  }
  return 0;
}
