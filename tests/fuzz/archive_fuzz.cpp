// Any bytes as a .npz archive, and as an archive with checkpoints in it: an error, or tensors of its own bytes.
#include "archive_member.h"
#include "container.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  const auto file = MappedFile::from_bytes({reinterpret_cast<const char*>(data), size}, "fuzz");
  for (const Profile profile : {Profile::strict, Profile::compat}) {
    const LoadOptions options = fuzz::small_options(size, profile);
    fuzz::may_fail([&] { fuzz::read_all(read_npz(file, options).root); });
    (void)checkpoint_members(*file);
    for (const char* path : {"a", "inner.zip!old.pth", "net/model.pth", "w.safetensors", "z!z!z!z!z!z"})
      fuzz::may_fail([&] {
        LoadOptions left = options;
        const auto member = open_member(file, path, left);
        std::string container;
        fuzz::read_all(read_container(member, left, container).root);
      });
  }
  return 0;
}
