// Ctrl-C while something is written: the writer stops and takes away what it has written.
#pragma once
#include <cstdint>

namespace sconce::cli {

// While one lives, the first SIGINT or SIGTERM stops the writers, which then throw; the next one ends the program at
// once. Shows on a terminal how much of about `total` bytes is written.
class InterruptibleWriting {
 public:
  explicit InterruptibleWriting(uint64_t total);
  InterruptibleWriting(const InterruptibleWriting&) = delete;
  InterruptibleWriting& operator=(const InterruptibleWriting&) = delete;
  ~InterruptibleWriting();

  // Was there a signal? Ends the program by it.
  static void end_if_interrupted();
};

}  // namespace sconce::cli
