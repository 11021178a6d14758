// The CPU threads that kernels share.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace sconce {

// How many threads one kernel may use, the calling one included. Default: the CPUs that this process may run
// on (affinity mask and cgroup quota). As torch.get_num_threads().
int num_threads();
// Sets it for the whole process; takes effect with the next kernel. Throws PyTorch's "Expected positive
// number of threads" (ErrorKind::invalid_argument) below 1. With 1 no thread is ever created.
void set_num_threads(int count);

// Lets a host program's own threads do the work instead of Sconce's: submit(task) has the host run `task` on one of its threads, now
// or later. A task that comes too late, or is never run, does no harm: the calling thread finishes alone. An empty function brings
// Sconce's own threads back. Call it while no kernel runs.
void set_task_runner(std::function<void(std::function<void()> task)> submit);

// A reference to something callable with a range [begin, end); does not own it.
class RangeFunction {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_const_t<F>, RangeFunction>) RangeFunction(F& f)
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, int64_t begin, int64_t end) { (*static_cast<F*>(object))(begin, end); }) {}
  void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

 private:
  void* object_;
  void (*call_)(void*, int64_t, int64_t);
};

namespace detail {
void parallel_for(int64_t begin, int64_t end, int64_t grain, RangeFunction f);
}

// Calls f(b, e) on pieces that cover [begin, end) once, on several threads, and returns when all are done.
// Every piece has at least `grain` indices (a shorter range is one piece), so small work stays on the calling
// thread. Which pieces there are depends on num_threads(): for the same bits with any count, f must compute
// each index by itself. The caller takes part and can finish alone; calls from inside f run on their own
// thread; the exception of the first piece that threw comes out here.
template <class F>
void parallel_for(int64_t begin, int64_t end, int64_t grain, F&& f) {
  detail::parallel_for(begin, end, grain, RangeFunction(f));
}

// Calls work(i) once for each i in [0, count), on up to `threads` threads and no more than num_threads(), whichever is free next: for
// pieces of unlike length. Otherwise as parallel_for.
template <class F>
void parallel_each(size_t count, int64_t threads, F&& work) {
  std::atomic<size_t> next{0};
  const int64_t workers = std::min({int64_t{num_threads()}, threads, static_cast<int64_t>(count)});
  parallel_for(0, workers, 1, [&](int64_t, int64_t) {
    for (size_t i = next++; i < count; i = next++) work(i);
  });
}

}  // namespace sconce
