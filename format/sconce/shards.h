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
// tensors that share memory stay in one shard. The set changes as a whole: shards never replace a file (where their names
// are taken, they are those of another series, model-s2-00001-of-00003.safetensors), the index takes its place last and in
// one step, and then the shards that only the old index named are removed. Whatever happens in between, a kill or a full
// disk, the index names the old set or the new one, whole; a process that is killed may leave shards that no index names.
// One process at a time may write a set; one that reads it while it changes may find that a shard is gone, and can open it
// again. Throws as save_safetensors and save do,
// and ErrorKind::invalid_argument for another path or max_shard_bytes = 0.
void save_shards(const StateDict& state, const std::string& path, const ShardOptions& options = {});

}  // namespace sconce
