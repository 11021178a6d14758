// Paths as users give them.
#include "archive_member.h"
#include "container.h"

#include <algorithm>
#include <filesystem>

namespace sconce {
namespace fs = std::filesystem;

namespace {

constexpr const char* index_extension = ".index.json";

// The one index of shards in a folder.
std::string index_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(index_extension)) names.push_back(name);
  }
  if (error) fail(ErrorKind::io, "[open] cannot read the folder: ", error.message());
  if (names.size() == 1) return (fs::path(folder) / names[0]).string();
  if (names.empty())
    fail(ErrorKind::io, "[open] this is a folder, and no *", index_extension,
         " in it: open one of its files");
  std::sort(names.begin(), names.end());
  std::string list;
  for (size_t i = 0; i < names.size() && i < 5; ++i) list += (i ? ", " : "") + names[i];
  fail(ErrorKind::io, "[open] the folder has ", names.size(), " indexes; open one of them: ", list,
       names.size() > 5 ? ", ..." : "");
}

}  // namespace

std::shared_ptr<MappedFile> open_path(const std::string& path, LoadOptions& options) {
  try {
    if (path.find('\0') != path.npos) return MappedFile::open(path);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status)) return MappedFile::open(index_in(path), true);
    if (!fs::exists(status))
      for (size_t at = path.find('!'); at != path.npos; at = path.find('!', at + 1))
        if (at > 0 && fs::is_regular_file(path.substr(0, at), error))
          return open_member(MappedFile::open(path.substr(0, at)), path.substr(at + 1), options);
    return MappedFile::open(path, true);
  } catch (Error& e) {
    throw e.in_file(path);
  }
}

}  // namespace sconce
