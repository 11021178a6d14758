// Any bytes as a pickle without a container, tensors and their nested streams included.
#include "container.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  const auto file = MappedFile::from_bytes({reinterpret_cast<const char*>(data), size}, "fuzz");
  for (const Profile profile : {Profile::strict, Profile::compat})
    fuzz::may_fail([&] { fuzz::read_all(read_bare_pickle(file, fuzz::small_options(size, profile)).root); });
  return 0;
}
