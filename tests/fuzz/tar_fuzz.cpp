// Any bytes as a tar checkpoint, with every header's checksum made right first, which no mutator would.
#include "container.h"
#include "fuzz.h"

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
  fuzz::may_fail([&] {
    const Profile profile = size % 4 < 2 ? Profile::compat : Profile::strict;
    const auto file = MappedFile::from_bytes(bytes, "fuzz");
    fuzz::read_all(read_torch_tar(file, fuzz::small_options(size, profile)).root);
  });
  return 0;
}
