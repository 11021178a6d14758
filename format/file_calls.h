// The system calls that write a file, behind pointers, so that a test can let each of them fail.
#pragma once
#include <fcntl.h>
#include <sys/types.h>

namespace sconce {

struct FileCalls {
  int (*open)(const char* path, int flags, mode_t mode);
  ssize_t (*write)(int descriptor, const void* from, size_t count);
  int (*fsync)(int descriptor);
  int (*close)(int descriptor);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
};

// The system's own, until a test exchanges them.
FileCalls& file_calls();

}  // namespace sconce
