// Writing a file so that it is there complete or not at all.
#pragma once
#include "bytes.h"

#include <string>

namespace sconce {

// A new file beside `path` that takes its place on commit(); without a commit nothing remains. Not copyable.
// Every member throws ErrorKind::io with the system's words (disk full, no permission).
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(Bytes bytes);
  // Flushes to the disk, then renames to `path`, replacing what was there.
  void commit();

 private:
  std::string path_, temporary_;
  int descriptor_ = -1;
};

}  // namespace sconce
