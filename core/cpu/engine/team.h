// The threads of one run of a plan.
#pragma once
#include <cstdint>

namespace sconce::engine {

// Steps that must run one after the other; each falls into pieces that may run in any order, at the same time.
class StepList {
 public:
  virtual ~StepList() = default;
  virtual int64_t steps() const = 0;
  virtual int64_t pieces(int64_t step) const = 0;
  // Runs pieces [begin, end) of a step. `member` is the number of the thread among those of this run, below `threads`: at any time
  // no two threads have the same. May throw: no step after that one is then run, and run_steps() throws the same.
  virtual void run(int64_t step, int64_t begin, int64_t end, int member) const = 0;
};

// Runs all steps on at most `threads` threads, the calling one included. Members take pieces of their own stretch of a step first, so
// that a thread meets the rows that it has just computed, and then help the others; the caller can finish alone, so a neighbour that
// takes the other cores away costs speed and nothing else. Between steps a member spins for some 20 microseconds and then sleeps.
// Denormal numbers count as zero while steps run. With one thread: no lock, no allocation, no system call.
void run_steps(const StepList& list, int threads);

}  // namespace sconce::engine
