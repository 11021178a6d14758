// Any bytes as a safetensors file: an error, or tensors that lie in it.
#include "container.h"
#include "fuzz.h"

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
  const auto file = MappedFile::from_bytes(bytes, "fuzz");
  for (const Profile profile : {Profile::strict, Profile::compat})
    fuzz::may_fail([&] {
      const ReadTree tree = read_safetensors(file, fuzz::small_options(size, profile));
      for (const auto& [key, value] : tree.root.pairs())
        if (value.as_tensor().storage().nbytes() > size) std::abort();
      fuzz::read_all(tree.root);
    });
  return 0;
}
