// Steps on several threads without a lock: pieces are claimed by compare-and-swap, and a step is over when the count of finished pieces
// says so.
#include "cpu/engine/team.h"

#include <sconce/threads.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>

#include "cpu/denormals.h"

namespace sconce::engine {
namespace {

constexpr int most_members = 64;
constexpr std::chrono::microseconds spinning{20};

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How far one member's stretch of pieces is claimed: the step in the upper half, pieces claimed of it in the lower. A counter of an
// earlier step means that nothing is claimed yet, so nobody has to reset it.
struct alignas(128) Stretch {
  std::atomic<uint64_t> claimed{0};

  // Claims one of `count` pieces; its index in the stretch, or -1 when all are taken.
  int64_t claim(int64_t step, int64_t count) {
    const auto tag = static_cast<uint64_t>(step + 1) << 32;
    uint64_t seen = claimed.load(std::memory_order_relaxed);
    for (;;) {
      const uint64_t current = std::max(seen, tag);
      const auto index = static_cast<int64_t>(current - tag);
      if (index >= count) return -1;
      if (claimed.compare_exchange_weak(seen, current + 1, std::memory_order_relaxed)) return index;
    }
  }
};

class Run {
 public:
  Run(const StepList& list, int members) : list_(list), members_(members) {}

  // Goes through all steps. Whoever comes late finds the first ones done.
  void take_part(int member) {
    const DenormalsAreZero denormals;
    const int64_t steps = list_.steps();
    uint32_t due = 0;  // pieces of all steps so far
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t pieces = list_.pieces(step);
      due += static_cast<uint32_t>(pieces);
      for (int i = 0; i < members_; ++i) work_on((member + i) % members_, step, pieces, due, member);
      wait_for(due);
    }
  }

  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work_on(int owner, int64_t step, int64_t pieces, uint32_t due, int member) {
    const int64_t begin = pieces * owner / members_, count = pieces * (owner + 1) / members_ - begin;
    for (int64_t piece; (piece = stretches_[static_cast<size_t>(owner)].claim(step, count)) >= 0;) {
      if (!failed_.load(std::memory_order_relaxed)) {
        try {
          list_.run(step, begin + piece, begin + piece + 1, member);
        } catch (...) {
          const std::lock_guard lock(failing_);
          if (!failure_) failure_ = std::current_exception();
          failed_ = true;
        }
      }
      if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == due) finished_.notify_all();
    }
  }

  void wait_for(uint32_t due) {
    if (reached(due)) return;
    const auto end = std::chrono::steady_clock::now() + spinning;
    do {
      for (int i = 0; i < 32; ++i) {
        if (reached(due)) return;
        relax();
      }
    } while (std::chrono::steady_clock::now() < end);
    for (uint32_t seen; (seen = finished_.load(std::memory_order_acquire)) < due;) finished_.wait(seen);
  }

  bool reached(uint32_t due) const { return finished_.load(std::memory_order_acquire) >= due; }

  const StepList& list_;
  const int members_;
  alignas(128) std::atomic<uint32_t> finished_{0};
  std::array<Stretch, most_members> stretches_;
  std::atomic<bool> failed_{false};
  std::mutex failing_;
  std::exception_ptr failure_;
};

}  // namespace

void run_steps(const StepList& list, int threads) {
  const int members = std::clamp(threads, 1, most_members);
  if (members == 1) {
    const DenormalsAreZero denormals;
    for (int64_t step = 0; step < list.steps(); ++step) list.run(step, 0, list.pieces(step), 0);
    return;
  }
  Run run(list, members);
  // Each index is one member's whole run. The caller takes the first; those that no other thread has taken by the time it is done
  // have nothing left to do.
  parallel_for(0, members, 1, [&](int64_t begin, int64_t end) {
    for (int64_t member = begin; member < end; ++member) run.take_part(static_cast<int>(member));
  });
  run.rethrow();
}

}  // namespace sconce::engine
