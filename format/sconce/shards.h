// Writing a state_dict as several files with an index. (Checkpoint::open and load read them, by the index or by the
// folder.)
#pragma once
#include <sconce/safetensors.h>

#include <cstdint>
#include <string>

namespace sconce {

enum class ShardFormat {
  safetensors,  // model-00001-of-00003.safetensors, model.safetensors.index.json
  pytorch,      // pytorch_model-00001-of-00003.bin, pytorch_model.bin.index.json
};

struct ShardOptions {
  // Tensors of one file take at most this many bytes, unless one alone has more. 5 GB, as transformers had it.
  uint64_t max_shard_bytes = 5'000'000'000;
  ShardFormat format = ShardFormat::safetensors;
  SafetensorsOptions safetensors = {};  // of each shard in that format
};

// Writes the shards and their index, named as transformers names them, also where one shard suffices. `path` is an
// existing folder, or the index in one, which must end with ".safetensors.index.json" or ".bin.index.json" as the
// format asks; what stands before that takes the place of "model" or "pytorch_model". Entries keep their order and
// tensors that share memory stay in one shard. All files are written under other names first; then the shards take their
// names, and the new index comes last. Where shards of the same names are replaced, the old index goes before: whatever
// happens, no index stands beside shards that are not its own, and without such names the old set stays whole until the new
// one is. Shards of an older, longer series stay. Throws as save_safetensors and save do,
// and ErrorKind::invalid_argument for another path or max_shard_bytes = 0.
void save_shards(const StateDict& state, const std::string& path, const ShardOptions& options = {});

}  // namespace sconce
