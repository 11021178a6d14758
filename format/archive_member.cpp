#include "archive_member.h"

#include "sniff.h"

#include <algorithm>

namespace sconce {
namespace {

constexpr int deepest = 4;
constexpr size_t most_named = 10;

std::string names_of(const ZipArchive& archive) {
  std::string out;
  size_t count = 0;
  for (const ZipEntry& entry : archive.entries()) {
    if (entry.is_folder()) continue;
    if (count++ < most_named) out += (out.empty() ? "" : ", ") + Value(std::string(entry.name)).repr(120);
  }
  return count > most_named ? concat(out, " and ", count - most_named, " more") : out.empty() ? "none" : out;
}

std::shared_ptr<MappedFile> content_of(const std::shared_ptr<MappedFile>& file, const ZipArchive& archive,
                                       const ZipEntry& entry, LoadOptions& options) {
  std::string name = concat(file->path(), "!", entry.name);
  if (entry.is_stored()) {
    const Bytes bytes = archive.stored_bytes(entry);
    if (options.verify_crc && sniff(bytes) != FileType::zip) ZipArchive::check_crc(entry, bytes);
    return MappedFile::from_memory(file->data() + entry.data_offset, bytes.size(), file, std::move(name));
  }
  const Storage content = archive.inflate(entry, options.budget);
  options.budget.materialized_bytes -= content.nbytes();
  if (options.verify_crc) ZipArchive::check_crc(entry, bytes_of(content));
  return MappedFile::from_memory(static_cast<std::byte*>(content.data()), content.nbytes(),
                                 std::make_shared<Storage>(content), std::move(name));
}

std::shared_ptr<MappedFile> open_at(const std::shared_ptr<MappedFile>& file, const std::string& path,
                                    LoadOptions& options, int depth) {
  try {
    if (depth > deepest)
      fail(ErrorKind::out_of_budget, "[open] expected at most ", deepest, " archives inside one another");
    if (sniff(file->bytes()) != FileType::zip)
      fail(ErrorKind::unsupported, "[open] expected a zip archive before the '!', but this is ",
           describe(sniff(file->bytes())));
    const ZipArchive archive(file->bytes(), options.profile, ZipLayout::plain);
    if (const ZipEntry* entry = archive.find(path); entry && !entry->is_folder())
      return content_of(file, archive, *entry, options);
    for (size_t at = path.find('!'); at != path.npos; at = path.find('!', at + 1)) {
      const ZipEntry* entry = archive.find(path.substr(0, at));
      if (entry && !entry->is_folder())
        return open_at(content_of(file, archive, *entry, options), path.substr(at + 1), options, depth + 1);
    }
    fail(ErrorKind::mismatch, "[open] no member ", Value(path).repr(200),
         " in the archive; its members are: ", names_of(archive));
  } catch (Error& e) {
    throw e.in_file(file->path());
  }
}

bool looks_like_a_checkpoint(const ZipArchive& archive, const ZipEntry& entry) {
  if (entry.is_folder() || entry.size == 0) return false;
  if (entry.is_stored()) {
    switch (sniff(archive.stored_bytes(entry))) {
      case FileType::zip:
      case FileType::legacy_stream:
      case FileType::tar:
      case FileType::pickle:
      case FileType::safetensors: return true;
      default: return false;
    }
  }
  constexpr std::string_view endings[] = {".pth", ".pt",  ".ckpt",        ".bin",
                                          ".th",  ".tar", ".safetensors", ".npz"};
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](std::string_view ending) { return entry.name.ends_with(ending); });
}

}  // namespace

std::shared_ptr<MappedFile> open_member(const std::shared_ptr<MappedFile>& file, const std::string& path,
                                        LoadOptions& options) {
  return open_at(file, path, options, 1);
}

std::string checkpoint_members(const MappedFile& file) {
  try {
    const ZipArchive archive(file.bytes(), Profile::compat, ZipLayout::plain);
    std::string out;
    size_t count = 0;
    for (const ZipEntry& entry : archive.entries()) {
      // An archive that torch.save wrote, though damaged.
      if (entry.name == "data.pkl" || entry.name.ends_with("/data.pkl")) return {};
      if (looks_like_a_checkpoint(archive, entry) && count++ < most_named)
        out += (out.empty() ? "\"" : ", \"") + concat(file.path(), "!", entry.name.substr(0, 200), '"');
    }
    return count > most_named ? concat(out, " and ", count - most_named, " more") : out;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace sconce
