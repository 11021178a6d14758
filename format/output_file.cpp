#include "output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace sconce {
namespace {

[[noreturn]] void fail_io(const std::string& path, int code) {
  Error error(ErrorKind::io, "[save] cannot write the file: " + std::generic_category().message(code));
  throw error.in_file(path);
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) fail_io(path, EISDIR);
  static std::atomic<unsigned> count{0};
  do {
    temporary_ = path + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) fail_io(path, errno);
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void OutputFile::write(Bytes bytes) {
  while (!bytes.empty()) {
    // One call takes at most 2 GiB on Linux.
    const size_t most = size_t{1} << 30;
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size() < most ? bytes.size() : most);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_io(path_, errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void OutputFile::commit() {
  // EINVAL: a file system that has nothing to flush.
  if (::fsync(descriptor_) != 0 && errno != EINVAL) fail_io(path_, errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_io(path_, errno);
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace sconce
