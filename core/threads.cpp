// The thread pool behind parallel_for: workers sleep on one condition variable and help whoever has unclaimed
// pieces. A host's own threads can take their place.
#include <sconce/error.h>
#include <sconce/threads.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "cpu_count.h"

namespace sconce {
namespace {

std::atomic<int> configured_threads{0};  // 0: not asked yet
thread_local bool inside_parallel_for = false;

struct InsideParallelFor {
  InsideParallelFor() { inside_parallel_for = true; }
  ~InsideParallelFor() { inside_parallel_for = false; }
};

// One parallel_for in flight. Lives on its caller's stack: the caller leaves only after every helper has let
// go of it.
struct Job {
  Job(RangeFunction function, int64_t from, int64_t n, int64_t parts, int helpers_most)
      : f(function), begin(from), count(n), pieces(parts), helpers_wanted(helpers_most) {}

  RangeFunction f;
  int64_t begin, count, pieces;
  int helpers_wanted;
  int helpers = 0;  // inside run(); guarded by the pool's mutex
  std::atomic<int64_t> next{0};
  std::mutex failing;
  int64_t failed_piece = std::numeric_limits<int64_t>::max();
  std::exception_ptr failure;

  bool has_unclaimed() const { return next.load(std::memory_order_relaxed) < pieces; }

  // Claims pieces until there are none left.
  void run() {
    const InsideParallelFor inside;
    for (int64_t piece; (piece = next.fetch_add(1, std::memory_order_relaxed)) < pieces;) {
      try {
        f(begin + edge(piece), begin + edge(piece + 1));
      } catch (...) {
        const std::lock_guard lock(failing);
        if (piece < failed_piece) failed_piece = piece, failure = std::current_exception();
        next.store(pieces, std::memory_order_relaxed);
      }
    }
  }

  // count * piece / pieces without overflow.
  int64_t edge(int64_t piece) const { return count / pieces * piece + std::min(piece, count % pieces); }
};

class Pool {
 public:
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void run(Job& job) {
    {
      const std::lock_guard lock(mutex_);
      grow(job.helpers_wanted);
      jobs_.push_back(&job);
    }
    if (job.helpers_wanted == 1)
      wake_.notify_one();
    else
      wake_.notify_all();
    job.run();
    std::unique_lock lock(mutex_);
    std::erase(jobs_, &job);  // from here on nobody joins it
    left_.wait(lock, [&] { return job.helpers == 0; });
  }

 private:
  // Fewer workers than wanted are enough: the caller can do everything itself.
  void grow(int wanted) {
    try {
      while (static_cast<int>(workers_.size()) < wanted) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
    }
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      Job* job = nullptr;
      wake_.wait(lock, [&] { return stopping_ || (job = find_job()); });
      if (stopping_) return;
      ++job->helpers;
      lock.unlock();
      job->run();
      lock.lock();
      if (--job->helpers == 0) left_.notify_all();
    }
  }

  Job* find_job() {
    for (Job* job : jobs_)
      if (job->helpers < job->helpers_wanted && job->has_unclaimed()) return job;
    return nullptr;
  }

  std::mutex mutex_;
  std::condition_variable wake_, left_;
  std::vector<Job*> jobs_;
  std::vector<std::thread> workers_;
  bool stopping_ = false;
};

Pool& pool() {
  static Pool instance;
  return instance;
}

using TaskRunner = std::function<void(std::function<void()>)>;

TaskRunner& task_runner() {
  static TaskRunner runner;
  return runner;
}

// A job as the tasks given to a host see it: they may run when the job is long over.
struct Posted {
  std::mutex mutex;
  std::condition_variable left;
  Job* job;
  int inside = 0;

  void help() {
    std::unique_lock lock(mutex);
    if (!job || !job->has_unclaimed()) return;
    ++inside;
    Job& open = *job;
    lock.unlock();
    open.run();
    lock.lock();
    if (--inside == 0) left.notify_all();
  }
};

void run_with_host(Job& job, const TaskRunner& submit) {
  const auto posted = std::make_shared<Posted>();
  posted->job = &job;
  for (int i = 0; i < job.helpers_wanted; ++i) submit([posted] { posted->help(); });
  job.run();
  std::unique_lock lock(posted->mutex);
  posted->job = nullptr;  // from here on nobody joins it
  posted->left.wait(lock, [&] { return posted->inside == 0; });
}

}  // namespace

int num_threads() {
  int count = configured_threads.load(std::memory_order_relaxed);
  if (count > 0) return count;
  count = available_cpus();
  int unset = 0;
  return configured_threads.compare_exchange_strong(unset, count) ? count : unset;
}

void set_num_threads(int count) {
  check(count > 0, "set_num_threads expects a positive integer");
  configured_threads = count;
}

void set_task_runner(std::function<void(std::function<void()> task)> submit) {
  task_runner() = std::move(submit);
}

void detail::parallel_for(int64_t begin, int64_t end, int64_t grain, RangeFunction f) {
  if (begin >= end) return;
  const int64_t count = end - begin;
  const int64_t grains = count / std::max<int64_t>(grain, 1);
  const int threads = inside_parallel_for ? 1 : num_threads();
  const int helpers = static_cast<int>(std::min<int64_t>(threads, grains) - 1);
  if (helpers < 1) return f(begin, end);
  // A few pieces for each thread, so that one that is held up by the machine leaves its share to the others.
  const int64_t pieces = std::min<int64_t>(grains, int64_t{4} * (helpers + 1));
  Job job(f, begin, count, pieces, helpers);
  if (const TaskRunner& submit = task_runner())
    run_with_host(job, submit);
  else
    pool().run(job);
  if (job.failure) std::rethrow_exception(job.failure);
}

}  // namespace sconce
