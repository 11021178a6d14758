// The system calls that write files, made to fail.
#pragma once
#include "file_calls.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace sconce::test {

// Counts the calls, and lets one of them fail, or all come short. Puts the system's own back at the end.
class Faults {
 public:
  Faults() : real_(file_calls()) {
    faults = this;
    file_calls() = {
        [](const char* path, int flags, mode_t mode) {
          return faults->call("open", [&] { return faults->real_.open(path, flags, mode); });
        },
        [](int descriptor, const void* from, size_t count) {
          return faults->call("write", [&] {
            return faults->real_.write(descriptor, from, std::min(count, faults->most_written));
          });
        },
        [](int descriptor) { return faults->call("fsync", [&] { return faults->real_.fsync(descriptor); }); },
        [](int descriptor) { return faults->call("close", [&] { return faults->real_.close(descriptor); }); },
        [](const char* from, const char* to) {
          return faults->call("rename", [&] { return faults->real_.rename(from, to); });
        },
        [](const char* path) { return faults->call("unlink", [&] { return faults->real_.unlink(path); }); },
    };
  }
  ~Faults() { file_calls() = real_; }

  size_t at = SIZE_MAX;            // the call that goes wrong, counted from 0
  int code = 0;                    // how
  bool interrupted = false;        // every other call gives EINTR first, but close
  bool killed = false;             // instead of failing, the process ends before that call
  size_t most_written = SIZE_MAX;  // bytes that one write takes
  std::vector<std::string> calls;  // so far

 private:
  template <class F>
  auto call(const char* name, F real) -> decltype(real()) {
    const size_t index = calls.size();
    calls.push_back(name);
    if (index == at && killed) ::kill(::getpid(), SIGKILL);
    if (index == at || (interrupted && index % 2 == 0 && std::strcmp(name, "close") != 0)) {
      // A descriptor is gone after close, whatever it answers.
      if (std::strcmp(name, "close") == 0) real();
      errno = index == at ? code : EINTR;
      return -1;
    }
    return real();
  }

  inline static Faults* faults = nullptr;
  const FileCalls real_;
};

// Does `write` in a process of its own, which ends before the system call `at`. True when it made fewer calls and came to its end.
template <class F>
bool outlives_kill_at(size_t at, F&& write) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Faults faults;
    faults.at = at;
    faults.killed = true;
    write();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFEXITED(status) || WTERMSIG(status) == SIGKILL));
  return WIFEXITED(status);
}

}  // namespace sconce::test
