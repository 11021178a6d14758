// Which reader a file's content asks for.
#include "container.h"

#include "sniff.h"

#include <new>

namespace sconce {

ReadTree read_container(const std::shared_ptr<MappedFile>& file, const LoadOptions& options,
                        std::string& container) {
  try {
    switch (const FileType type = sniff(file->bytes())) {
      case FileType::zip: container = "zip"; return read_torch_zip(file, options, container);
      case FileType::legacy_stream: container = "legacy"; return read_legacy_stream(file, options);
      case FileType::safetensors: container = "safetensors"; return read_safetensors(file, options);
      case FileType::tar: container = "tar"; return read_torch_tar(file, options);
      case FileType::json: container = "shards"; return read_shards(file, options);
      default:
        fail(type == FileType::empty ? ErrorKind::corrupt : ErrorKind::unsupported,
             explain_not_a_checkpoint(file->bytes()));
    }
  } catch (Error& e) {
    throw e.in_file(file->path());
  } catch (const std::bad_alloc&) {
    Error e(ErrorKind::out_of_budget, "no memory for the checkpoint's values");
    throw e.in_file(file->path());
  }
}

}  // namespace sconce
