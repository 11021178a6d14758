// What a checkpoint's file is made of, apart from its values.
#pragma once
#include <sconce/checkpoint.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sconce {

struct ContainerFacts {
  uint64_t file_bytes = 0;
  // Of zip archives; of those that torch.save wrote where that is said.
  std::optional<uint64_t> records;
  uint64_t deflated = 0;          // records
  uint64_t without_checksum = 0;  // records with content and no CRC-32
  std::string root;               // the folder that all records lie in, without a slash
  std::optional<int> version;     // of the archive format
  std::string byte_order;         // "little" or "big"; empty when the file does not say
  std::optional<uint64_t>
      alignment;  // the greatest power of two up to 4096 at which all storages begin; none without any
  std::string serialization_id;     // .data/serialization_id
  std::vector<std::string> shards;  // the files that an index names, by name
};

// Looks at the file's directory, never at its tensors. Takes what Checkpoint::open takes; a container about which
// there is nothing to tell gives its size only. Throws ErrorKind::io.
ContainerFacts container_facts(const std::string& path, const LoadOptions& options = {});

}  // namespace sconce
