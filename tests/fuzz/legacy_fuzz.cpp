// Any bytes as the stream that torch.save wrote before 1.6.
#include "container.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  const auto file = MappedFile::from_bytes({reinterpret_cast<const char*>(data), size}, "fuzz");
  for (const Profile profile : {Profile::strict, Profile::compat})
    fuzz::may_fail(
        [&] { fuzz::read_all(read_legacy_stream(file, fuzz::small_options(size, profile)).root); });
  return 0;
}
