#include "output_file.h"

#include "file_calls.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace sconce {
namespace {

constexpr size_t gathered_bytes = size_t{1} << 18;  // pieces below this are written together
constexpr uint64_t flushed_at_once = uint64_t{1} << 24;
constexpr size_t one_write = size_t{1} << 30;  // Linux takes at most 2 GiB in one call

[[noreturn]] void fail_io(const std::string& path, int code) {
  Error error(ErrorKind::io, "[save] cannot write the file: " + std::generic_category().message(code));
  throw error.in_file(path);
}

int open_file(const std::string& path, int flags) {
  int descriptor = -1;
  do {
    descriptor = file_calls().open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

// 0, or why the file could not be flushed. Some file systems have nothing to flush and say so.
int flush(int descriptor) {
  while (file_calls().fsync(descriptor) != 0) {
    if (errno == EINVAL || errno == ENOTSUP) return 0;
    if (errno != EINTR) return errno;
  }
  return 0;
}

// Where a link points to, which need not exist; any other path as it is.
std::string follow(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path target = path;
  std::error_code error;
  for (int links = 0; fs::is_symlink(target, error); ++links) {
    if (links == 40) fail_io(path, ELOOP);
    target = target.parent_path() / fs::read_symlink(target, error);
    if (error) fail_io(path, error.value());
  }
  return target.string();
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Beside the file, so that a rename can take its place; a long name is cut, since names end at 255 bytes.
std::string temporary_name(const std::string& target, unsigned number) {
  const size_t slash = target.rfind('/'), name = slash == std::string::npos ? 0 : slash + 1;
  return target.substr(0, name) + target.substr(name, 200) + ".new-" + std::to_string(::getpid()) + "-" +
         std::to_string(number);
}

}  // namespace

FileCalls& file_calls() {
  static FileCalls calls{[](const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); },
                         ::write,
                         ::fsync,
                         ::close,
                         std::rename,
                         ::unlink};
  return calls;
}

OutputFile::OutputFile(const std::string& path) : path_(path), target_(follow(path)) {
  struct stat status {};
  if (target_.find('\0') != std::string::npos) fail_io(path, EINVAL);
  if (::stat(target_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    if (S_ISDIR(status.st_mode)) fail_io(path, EISDIR);
    Error error(ErrorKind::io, "[save] cannot write the file: Not a regular file");
    throw error.in_file(path);
  }
  static std::atomic<unsigned> count{0};
  do {
    temporary_ = temporary_name(target_, count++);
    descriptor_ = open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL);
  } while (descriptor_ < 0 && errno == EEXIST);
  if (descriptor_ < 0) fail_io(path, errno);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) file_calls().close(descriptor_);
  if (!temporary_.empty()) file_calls().unlink(temporary_.c_str());
}

void OutputFile::write(Bytes bytes) {
  if (gathered_.size() + bytes.size() < gathered_bytes) {
    gathered_ += text_of(bytes);
    return;
  }
  write_out(bytes_of(std::string_view(gathered_)));
  gathered_.clear();
  write_out(bytes);
}

void OutputFile::write_out(Bytes bytes) {
  while (!bytes.empty()) {
    const size_t count = bytes.size() < one_write ? bytes.size() : one_write;
    const ssize_t written = file_calls().write(descriptor_, bytes.data(), count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail_io(path_, written < 0 ? errno : EIO);
    bytes = bytes.subspan(static_cast<size_t>(written));
    start_flushing(static_cast<size_t>(written));
  }
}

// The disk may begin while the rest is still being made; what fails here fails again in commit().
void OutputFile::start_flushing(size_t written) {
  written_ += written;
  if (written_ - flushing_ < flushed_at_once) return;
#ifdef __linux__
  ::sync_file_range(descriptor_, static_cast<off_t>(flushing_), static_cast<off_t>(written_ - flushing_),
                    SYNC_FILE_RANGE_WRITE);
#endif
  flushing_ = written_;
}

void OutputFile::commit() {
  write_out(bytes_of(std::string_view(gathered_)));
  gathered_.clear();
  if (const int code = flush(descriptor_)) fail_io(path_, code);
  // After EINTR the descriptor is gone, and the file is flushed already.
  const int descriptor = descriptor_;
  descriptor_ = -1;
  if (file_calls().close(descriptor) != 0 && errno != EINTR) fail_io(path_, errno);
  if (file_calls().rename(temporary_.c_str(), target_.c_str()) != 0) fail_io(path_, errno);
  temporary_.clear();

  // The new name lasts through a power cut once the folder is flushed. One that may not be read cannot be.
  const int folder = open_file(folder_of(target_), O_RDONLY | O_DIRECTORY);
  if (folder < 0 && errno == EACCES) return;
  if (folder < 0) fail_io(path_, errno);
  const int code = flush(folder);
  file_calls().close(folder);
  if (code != 0) fail_io(path_, code);
}

}  // namespace sconce
