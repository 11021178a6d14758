// The C++ half of check_exported.py, which holds safetensors, .npz and shards that Sconce writes against the
// libraries that they are for. Skipped, as such, unless that script runs it.
//   SCONCE_EXPORTED=FOLDER     where the files go: <name>/duplicate.safetensors, <name>/shards/..., ...
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/npy.h>
#include <sconce/shards.h>

#include <cstdlib>

#include "support/support.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

namespace {

// The tensors of the root, as far as the writer takes them; `refused` says which dtypes it has no room for.
template <class Refused>
StateDict tensors_of(const Checkpoint& checkpoint, const Refused& refused) {
  StateDict out;
  for (const auto& [key, value] : checkpoint.root().pairs())
    if (key.kind() == Value::Kind::string && value.kind() == Value::Kind::tensor &&
        value.as_tensor().device() != meta && !refused(value.as_tensor().dtype()))
      out.insert(key.as_string(), value);
  return out;
}

bool without_safetensors(DType dtype) {
  return dtype == DType::complex32 || dtype == DType::bcomplex32 || dtype == DType::complex128 ||
         is_quantized(dtype) || is_bits(dtype);
}
bool without_numpy(DType dtype) {
  return without_safetensors(dtype) ? dtype != DType::complex128
         : size_of(dtype) == 1      ? is_floating_point(dtype)
                                    : dtype == DType::bf16;
}

}  // namespace

TEST_CASE("exported for python: the fixtures' tensors in other formats") {
  const char* folder = std::getenv("SCONCE_EXPORTED");
  if (!folder) {
    MESSAGE("skipped: only check_exported.py runs this");
    return;
  }
  for (const auto& entry : fs::directory_iterator(fixture("checkpoints"))) {
    if (entry.path().extension() != ".pth") continue;
    const Checkpoint checkpoint = Checkpoint::open(entry.path().string());
    const StateDict state = tensors_of(checkpoint, without_safetensors);
    if (state.empty()) continue;
    const fs::path out = fs::path(folder) / entry.path().stem();
    CAPTURE(out.string());
    for (const char* sub : {"", "shards", "bins"}) fs::create_directories(out / sub);
    save_safetensors(state, (out / "duplicate.safetensors").string());
    save_safetensors(state, (out / "dropped.safetensors").string(),
                     {.metadata = {}, .ties = SafetensorsTies::drop_and_note, .module_versions = false});
    ShardOptions options;
    options.max_shard_bytes = 64;
    save_shards(state, (out / "shards").string(), options);
    options.format = ShardFormat::pytorch;
    save_shards(state, (out / "bins").string(), options);
    const StateDict arrays = tensors_of(checkpoint, without_numpy);
    if (!arrays.empty()) save_npz(arrays, (out / "arrays.npz").string());
  }
}
