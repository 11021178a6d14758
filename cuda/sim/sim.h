// A GPU acted out on the CPU: thread blocks one after another, the threads of a block as fibers.
// What a kernel calls is in dialect.h; this is the engine behind it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace sconce::gpu_sim {

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

// A place in a source file.
struct Where {
  const char* file = "";
  unsigned line = 0;
};

// In which order the threads that can run do run. A right kernel gives the same bits in each.
enum class Order { forward, reverse, random };
struct Config {
  Order order = Order::forward;
  unsigned seed = 1;
  bool lazy = false;  // asynchronous copies take effect as late as is allowed, instead of at once
};
// Of the whole process; set it while no kernel runs.
Config& config();

// Counted since the process began.
struct Counts {
  uint64_t launches, threads, switches;
};
Counts counts();

inline constexpr size_t shared_memory_limit = 227 * 1024;
inline constexpr unsigned block_limit = 1024;  // threads

// Runs body(argument) for every thread of the grid. Throws ErrorKind::device with the kernel's source line where a kernel breaks a
// rule: a launch out of limits, threads of a block at different barriers, a deadlock, a lane that is not in its own mask.
void run(dim3 grid, dim3 block, size_t shared_bytes, void (*body)(void*), void* argument);

// Calls k(args...) for every thread of the grid.
template <class... P, class... A>
void launch(void (*k)(P...), dim3 grid, dim3 block, size_t shared_bytes, A&&... args) {
  struct Call {
    void (*k)(P...);
    std::tuple<std::decay_t<P>...> args;
  } call{k, {std::forward<A>(args)...}};
  run(
      grid, block, shared_bytes,
      [](void* p) {
        auto* c = static_cast<Call*>(p);
        std::apply(c->k, c->args);
      },
      &call);
}

// ---- what the dialect is made of; called by a thread of a running kernel ----

// Waits for `count` threads at barrier `id`; 0: every thread of the block that has not ended.
void block_barrier(int id, int count, Where at);
// The lanes of the mask meet; the last to arrive calls f with what each has brought, and all go on.
void warp_collective(unsigned mask, void* mine, void (*f)(unsigned mask, void** lanes), Where at);
// An asynchronous copy of this thread: f(data) takes effect now or, when lazy, no later than wait_copies() lets it.
void defer_copy(void (*f)(void*), const void* data, size_t nbytes);
// Closes the group of copies since the last commit, and waits until at most `newest` groups are under way.
void commit_copies();
void wait_copies(int newest);
std::byte* shared_base();
size_t shared_size();
unsigned lane_id();
[[noreturn]] void stop(Where at, const char* what);

}  // namespace sconce::gpu_sim
