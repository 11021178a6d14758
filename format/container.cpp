// Which reader a file's content asks for.
#include "container.h"

#include "archive_member.h"
#include "npz.h"
#include "sniff.h"

#include <new>

namespace sconce {
namespace {

ReadTree read_zip(const std::shared_ptr<MappedFile>& file, const LoadOptions& options,
                  std::string& container) {
  if (is_npz(file->bytes())) {
    container = "npz";
    return read_npz(file, options);
  }
  try {
    container = "zip";
    return read_torch_zip(file, options, container);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::corrupt && e.kind() != ErrorKind::unsupported) throw;
    const std::string members = checkpoint_members(*file);
    if (members.empty()) throw;
    fail(ErrorKind::unsupported, "this is a zip archive with checkpoints in it; open one: ", members);
  }
}

}  // namespace

ReadTree read_container(const std::shared_ptr<MappedFile>& file, const LoadOptions& options,
                        std::string& container) {
  try {
    switch (const FileType type = sniff(file->bytes())) {
      case FileType::zip: return read_zip(file, options, container);
      case FileType::legacy_stream: container = "legacy"; return read_legacy_stream(file, options);
      case FileType::safetensors: container = "safetensors"; return read_safetensors(file, options);
      case FileType::tar: container = "tar"; return read_torch_tar(file, options);
      case FileType::pickle: container = "pickle"; return read_bare_pickle(file, options);
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
