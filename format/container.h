// The containers that torch.save has used, each read into one value tree.
#pragma once
#include "mapped_file.h"
#include "zip.h"

#include <sconce/checkpoint.h>

#include <memory>
#include <string>
#include <vector>

namespace sconce {

// What a container gives; the parts of a Checkpoint.
struct ReadTree {
  Value root;
  std::vector<std::string> warnings, globals;
  StorageLocations locations;
};

// The file's tree, by whichever reader its content asks for; `container` gets its name ("zip", "legacy", ...).
// Errors name the file.
ReadTree read_container(const std::shared_ptr<MappedFile>& file, const LoadOptions& options,
                        std::string& container);

// A zip archive with the record data.pkl. `file` stays mapped as long as a tensor needs it. `container` becomes
// "torchscript" when it is such an archive.
ReadTree read_torch_zip(const std::shared_ptr<MappedFile>& file, const LoadOptions& options,
                        std::string& container);
// The stream of pickles and storages that torch.save wrote before 1.6.
ReadTree read_legacy_stream(const std::shared_ptr<MappedFile>& file, const LoadOptions& options);
// The tar archive of torch.save up to 0.1.9.
ReadTree read_torch_tar(const std::shared_ptr<MappedFile>& file, const LoadOptions& options);
// A pickle without a container. Tensors that pickle.dump wrote are read; references to storages outside refused.
ReadTree read_bare_pickle(const std::shared_ptr<MappedFile>& file, const LoadOptions& options);
// A safetensors file: every tensor in place, in the header's order; its metadata is an attribute of the root.
ReadTree read_safetensors(const std::shared_ptr<MappedFile>& file, const LoadOptions& options);
// Several files with an index of which tensor is in which, the JSON document that `index` holds. Every tensor
// that it maps, in its order; its metadata is an attribute of the root.
ReadTree read_shards(const std::shared_ptr<MappedFile>& index, const LoadOptions& options);

// An archive that numpy.savez wrote: a dict of arrays.
ReadTree read_npz(const std::shared_ptr<MappedFile>& file, const LoadOptions& options);

// What a path given by a user means: a file; a folder, which stands for the one index in it; a file inside zip
// archives ("a.zip!b.zip!c.pth"), where no file has the path itself. What had to be inflated is taken off
// options.budget.materialized_bytes.
std::shared_ptr<MappedFile> open_path(const std::string& path, LoadOptions& options);

}  // namespace sconce
