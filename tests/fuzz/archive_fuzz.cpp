// Any bytes as a .npz archive, and as an archive with checkpoints in it: an error, or tensors of its own bytes.
#include "archive_member.h"
#include "container.h"

using namespace sconce;

namespace {

void read_all(const ReadTree& tree) {
  (void)tree.root.repr();
  volatile int seen = 0;
  for (const auto& [key, value] : tree.root.pairs()) {
    if (value.kind() != Value::Kind::tensor || value.as_tensor().device() == meta) continue;
    const Tensor& t = value.as_tensor();
    const auto* from = static_cast<const unsigned char*>(t.storage().data());
    for (size_t i = 0; i < t.storage().nbytes(); ++i) seen = seen + from[i];
  }
}

template <class F>
void may_fail(const F& f) {
  try {
    f();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = MappedFile::from_bytes({reinterpret_cast<const char*>(data), size}, "fuzz");
  LoadOptions options;
  options.verify_crc = size % 2 == 0;  // the mutator rarely hits a checksum
  options.budget.tree_bytes = 16 << 20;
  options.budget.materialized_bytes = 16 << 20;
  for (const Profile profile : {Profile::strict, Profile::compat}) {
    options.profile = profile;
    may_fail([&] { read_all(read_npz(file, options)); });
    (void)checkpoint_members(*file);
    for (const char* path : {"a", "inner.zip!old.pth", "net/model.pth", "w.safetensors", "z!z!z!z!z!z"}) {
      may_fail([&] {
        LoadOptions left = options;
        const auto member = open_member(file, path, left);
        std::string container;
        read_all(read_container(member, left, container));
      });
    }
  }
  return 0;
}
