// Writing a file so that it is there complete or not at all.
#pragma once
#include "bytes.h"

#include <string>

namespace sconce {

// A new file beside `path` that takes its place on commit(); without a commit nothing remains. Whatever
// happens in between, a kill or a full disk, `path` names the old file or the new one, whole. What maps or
// reads the old file goes on doing so. A link is followed: the file that it points to is replaced. The new
// file has the permissions of any new file (umask). A process that is killed leaves
// "<name>.new-<process>-<number>" behind. Not copyable. Every member throws ErrorKind::io with the system's
// words (disk full, no permission).
class OutputFile {
 public:
  // Throws also when `path` is there and no regular file (a folder, a device, a pipe).
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Small pieces are gathered, so an error may only come from a later call.
  void write(Bytes bytes);
  // Writes what is gathered, flushes the file to the disk, renames it to `path`, and flushes the folder. When
  // only the last step fails, the new file is in place, whole, and commit() throws all the same.
  void commit();
  // Does `path` name the new file? Also after a commit() that threw at its last step.
  bool is_in_place() const { return temporary_.empty(); }

 private:
  void write_out(Bytes bytes);
  void start_flushing(size_t written);

  std::string path_;  // as the caller gave it, for messages
  std::string target_, temporary_;
  std::string gathered_;
  int descriptor_ = -1;
  uint64_t written_ = 0,
           flushing_ = 0;  // bytes of the file, and how many of them are on their way to the disk
};

}  // namespace sconce
