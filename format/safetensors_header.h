// The head of a safetensors file: a little-endian 64-bit length, then as many bytes of JSON that say what the
// bytes after it are.
#pragma once
#include "bytes.h"

#include <sconce/checkpoint.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sconce {

inline constexpr uint64_t longest_safetensors_header = 100'000'000;
inline constexpr const char* safetensors_metadata_key = "__metadata__";

// One of the format's dtypes.
struct SafetensorsType {
  std::string_view name;       // "BF16"
  unsigned bits;               // of one element
  std::optional<DType> dtype;  // nothing for those that PyTorch has not
};
// By name, null for an unknown one; by dtype, null for one that the format has not.
const SafetensorsType* safetensors_type(std::string_view name);
const SafetensorsType* safetensors_type(DType dtype);
// The format's order of dtypes in a file: an earlier one has stricter alignment.
int safetensors_rank(const SafetensorsType& type);
// Bytes of an array, nothing when they leave 63 bits or are no whole bytes. Extents of 0 count as 1 in the
// former, so that strides fit too.
std::optional<uint64_t> safetensors_nbytes(const SafetensorsType& type, const std::vector<int64_t>& shape);

struct SafetensorsEntry {
  std::string name;
  const SafetensorsType* type = nullptr;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // in the file
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;                      // in the header's order
  std::vector<std::pair<std::string, std::string>> metadata;  // in order
  std::vector<std::string> warnings;
};

// Reads and checks the whole header against the file's length: every rule of the format. Throws
// ErrorKind::corrupt (with the tensor's name as key), unsupported for an unknown dtype, or out_of_budget.
SafetensorsHeader read_safetensors_header(Bytes file, Profile profile, const Budget& budget);

}  // namespace sconce
