#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace sconce {
namespace {

[[noreturn]] void fail_io(const std::string& path, const std::string& reason) {
  Error error(ErrorKind::io, "[open] cannot read the file: " + reason);
  error.in_file(path);
  throw error;
}
std::string words_of(int code) { return std::generic_category().message(code); }

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

std::shared_ptr<MappedFile> MappedFile::open(const std::string& path, bool small_reads) {
  if (path.find('\0') != std::string::npos)
    fail_io(path.substr(0, path.find('\0')), "the path contains a zero byte");
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) fail_io(path, words_of(errno));
  struct stat status {};
  if (::fstat(file.number, &status) != 0) fail_io(path, words_of(errno));
  if (S_ISDIR(status.st_mode)) fail_io(path, words_of(EISDIR));
  if (!S_ISREG(status.st_mode)) fail_io(path, "Not a regular file");
  if (static_cast<uint64_t>(status.st_size) > std::numeric_limits<size_t>::max() / 2)
    fail_io(path, words_of(EFBIG));

  std::shared_ptr<MappedFile> out(new MappedFile);
  out->path_ = path;
  out->on_disk_ = true;
  out->size_ = static_cast<size_t>(status.st_size);
  if (out->size_ == 0) return out;
  // MAP_NORESERVE: pages are copied only when a tensor is written to, so swap need not be set aside for the
  // whole file.
  void* address =
      ::mmap(nullptr, out->size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.number, 0);
  if (address == MAP_FAILED) fail_io(path, words_of(errno));
  out->data_ = static_cast<std::byte*>(address);
  out->mapped_ = true;
  if (small_reads) out->descriptor_ = std::exchange(file.number, -1);
  return out;
}

bool MappedFile::read_at(uint64_t offset, std::span<std::byte> out) const {
  if (descriptor_ < 0) return false;
  const ssize_t got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
  return got >= 0 && static_cast<size_t>(got) == out.size();
}

void MappedFile::end_small_reads() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

std::shared_ptr<MappedFile> MappedFile::from_bytes(std::string bytes, std::string name) {
  std::shared_ptr<MappedFile> out(new MappedFile);
  out->path_ = std::move(name);
  out->owned_ = std::move(bytes);
  out->size_ = out->owned_.size();
  if (out->size_ != 0) out->data_ = reinterpret_cast<std::byte*>(out->owned_.data());
  return out;
}

std::shared_ptr<MappedFile> MappedFile::from_memory(std::byte* data, size_t size,
                                                    std::shared_ptr<void> keeper, std::string name) {
  std::shared_ptr<MappedFile> out(new MappedFile);
  out->path_ = std::move(name);
  out->keeper_ = std::move(keeper);
  out->size_ = size;
  if (size != 0) out->data_ = data;
  return out;
}

MappedFile::~MappedFile() {
  end_small_reads();
  if (mapped_) ::munmap(data_, size_);
}

}  // namespace sconce
