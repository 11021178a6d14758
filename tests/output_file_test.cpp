// What a file is after anything went wrong while it was written: the old one or the new one, whole.
#include "output_file.h"

#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/ops/create.h>
#include <sconce/save.h>

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "support/faults.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

namespace {

// A value whose file takes several writes, and another that differs in every record.
Value value(int version) {
  Tensor large = full(Shape{300'000}, version), small = full(Shape{10}, version);
  return Value::dict({{"version", version}, {"large", large}, {"small", small}});
}

struct Place {
  fs::path folder = scratch_folder();
  std::string path = (folder / "x.pth").string(), old_bytes, new_bytes;

  Place() {
    save(value(2), path);
    new_bytes = read_file(path);
    save(value(1), path);
    old_bytes = read_file(path);
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
  bool is_old() const { return read_file(path) == old_bytes; }
  bool is_new() const { return read_file(path) == new_bytes; }
  // Back to the beginning.
  void restore() {
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry);
    write_file(path, old_bytes);
  }
};

}  // namespace

TEST_CASE("output file: the file is on the disk before it has its name, and the folder after") {
  const Place place;
  Faults faults;
  save(value(2), place.path);
  std::vector<std::string> order;
  for (const std::string& call : faults.calls)
    if (order.empty() || order.back() != call) order.push_back(call);
  CHECK(order ==
        std::vector<std::string>{"open", "write", "fsync", "close", "rename", "open", "fsync", "close"});
  // Pieces are gathered: a few large writes, whatever the number of records.
  CHECK(std::count(faults.calls.begin(), faults.calls.end(), "write") <= 5);
}

TEST_CASE("output file: each call fails once, in every way") {
  Place place;
  size_t count = 0;
  {
    Faults faults;
    save(value(2), place.path);
    count = faults.calls.size();
  }
  place.restore();
  for (const int code : {ENOSPC, EIO, EDQUOT, EROFS, EACCES})
    for (size_t at = 0; at < count; ++at) {
      std::string failed, said;
      {
        Faults faults;
        faults.at = at;
        faults.code = code;
        try {
          save(value(2), place.path);
        } catch (const Error& e) {
          CHECK(e.kind() == ErrorKind::io);
          CHECK(e.context().file == place.path);
          said = e.message();
        }
        failed = faults.calls.at(at);
      }
      CAPTURE(code);
      CAPTURE(at);
      CAPTURE(failed);
      const bool renamed = at > count - 4;
      CHECK(place.files() == 1);
      CHECK((renamed ? place.is_new() : place.is_old()));
      // A folder that may not be read cannot be flushed; closing it loses nothing.
      const bool forgiven = at == count - 1 || (at == count - 3 && code == EACCES);
      CHECK(said == (forgiven ? "" : std::string("[save] cannot write the file: ") + std::strerror(code)));
      place.restore();
    }
}

TEST_CASE("output file: interruptions and short writes change nothing") {
  Place place;
  for (const size_t most : {size_t{4096}, size_t{100'001}, SIZE_MAX})
    for (const bool interrupted : {false, true}) {
      {
        Faults faults;
        faults.most_written = most;
        faults.interrupted = interrupted;
        save(value(2), place.path);
      }
      CHECK(place.is_new());
      CHECK(place.files() == 1);
      place.restore();
    }
}

TEST_CASE("output file: a file system that has nothing to flush will do") {
  Place place;
  for (const int code : {EINVAL, ENOTSUP})
    for (const bool folder : {false, true}) {
      Faults faults;
      save(value(2), place.path);
      const auto& calls = faults.calls;
      const auto first = std::find(calls.begin(), calls.end(), "fsync");
      const auto wanted = folder ? std::find(first + 1, calls.end(), "fsync") : first;
      faults.at = static_cast<size_t>(wanted - calls.begin());
      faults.code = code;
      place.restore();
      faults.calls.clear();
      save(value(2), place.path);
      CHECK(place.is_new());
    }
}

TEST_CASE("output file: a write that writes nothing is an error, not an endless loop") {
  Place place;
  Faults faults;
  faults.most_written = 0;
  CHECK_THROWS_WITH_AS(save(value(2), place.path), doctest::Contains("Input/output error"), Error);
  CHECK(place.is_old());
  CHECK(place.files() == 1);
}

TEST_CASE("output file: killed before each call, the old file or the new one is there") {
  Place place;
  bool done = false;
  size_t at = 0, old_seen = 0, new_seen = 0;
  for (; !done; ++at) {
    REQUIRE(at < 100);
    done = outlives_kill_at(at, [&] { save(value(2), place.path); });
    CHECK((place.is_old() || place.is_new()));
    ++(place.is_new() ? new_seen : old_seen);
    place.restore();
  }
  CHECK(old_seen > 4);
  CHECK(new_seen == 4);  // before the folder's open, fsync and close, and never
}

TEST_CASE("output file: killed at every system call that saving makes") {
  Place place;
  for (size_t calls = 1, done = 0, old_seen = 0, new_seen = 0; !done; ++calls) {
    REQUIRE(calls < 2000);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(99);
      ::raise(SIGSTOP);
      save(value(2), place.path);
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99) {
      MESSAGE("skipped: this machine does not let a process trace its child");
      return;
    }
    // Each system call stops the child twice: on its way in, and out.
    for (size_t stop = 0; stop < calls && WIFSTOPPED(status); ++stop) {
      REQUIRE(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0);
      REQUIRE(::waitpid(child, &status, 0) == child);
    }
    done = WIFEXITED(status) ? 1 : 0;
    if (!done) {
      ::kill(child, SIGKILL);
      REQUIRE(::waitpid(child, &status, 0) == child);
    }
    REQUIRE((place.is_old() || place.is_new()));
    ++(place.is_new() ? new_seen : old_seen);
    place.restore();
    if (done) {
      CHECK(old_seen > 10);
      CHECK(new_seen > 4);
    }
  }
}
