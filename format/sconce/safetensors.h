// Writing the formats of other libraries from a state_dict: safetensors. (Checkpoint::open and load read them,
// found by content.)
#pragma once
#include <sconce/state_dict.h>

#include <map>
#include <string>

namespace sconce {

// The format gives every tensor bytes of its own, so what happens to names that share theirs (tied weights)?
enum class SafetensorsTies {
  duplicate,      // each name is written with bytes of its own: every reader finds every name
  drop_and_note,  // of names for one view, the first in sorted order is written; the others stand in the metadata
  // ("lm_head.weight": "wte.weight"), as safetensors.torch.save_model notes them. Sconce gives
  // them back as ties when it reads the file. Views that overlap in part are written each.
  error,  // refuses, as safetensors.torch.save_file does, naming the keys
};

struct SafetensorsOptions {
  // `__metadata__`. transformers wants "format": "pt" there.
  std::map<std::string, std::string> metadata = {{"format", "pt"}};
  SafetensorsTies ties = SafetensorsTies::duplicate;
  // Also note the state_dict's module versions (`_metadata`), as JSON text under "_metadata"; Sconce gives them
  // back when it reads the file, other readers take it for a comment.
  bool module_versions = true;
};

// Writes what safetensors.torch.load_file reads: the reference implementation's order (by dtype, then by name),
// a header padded to 8 bytes, contiguous little-endian tensors. The same state gives the same bytes. The file
// appears complete or not at all. Tensors of another layout are made contiguous one at a time; tensors of a
// device are fetched. Throws ErrorKind::unsupported, naming the key, for a value that is no plain tensor
// (quantized, sparse, a number), a dtype that the format has not (complex128, complex32, quantized and bits types),
// a tensor without data (meta); ErrorKind::invalid_argument for names that share memory with ties = error, a tensor
// named "__metadata__", text that is not UTF-8, or a header past 100,000,000 bytes; ErrorKind::io.
void save_safetensors(const StateDict& state, const std::string& path,
                      const SafetensorsOptions& options = {});

}  // namespace sconce
