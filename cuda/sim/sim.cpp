// The scheduler of the acted-out GPU.
#include "sim/sim.h"

#include <sconce/error.h>
#include <sconce/threads.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "sim/dialect.h"
#include "sim/fiber.h"

#if SCONCE_SIM_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace sconce::gpu_sim {
namespace {

constexpr size_t stack_bytes = 64 * 1024;
constexpr size_t stack_step = stack_bytes + 9 * 64;  // so that stacks do not all begin in one cache set
constexpr int warp = 32;

struct Thread {
  Fiber fiber;
  uint3 id{};
  bool started = false, done = false, blocked = false;
  int commits = 0, wanted = 0, missing = 0;  // groups; of copies, those it waits for
  const void* key = nullptr;                 // what it sleeps on
  Where at{};
};

struct Meeting {
  unsigned mask = 0, arrived = 0;
  void* brought[warp];
};

struct Barrier {
  int arrived = 0;
  Where at{};
};

struct Copy {
  void (*f)(void*);
  alignas(16) std::array<std::byte, 64> data;
  int thread, group;
};

std::atomic<uint64_t> launches, threads_run, switches;

// One for each thread of the operating system that runs blocks.
struct Engine {
  std::vector<Thread> threads = std::vector<Thread>(block_limit);
  int count = 0, live = 0, current = -1;
  bool moved = false;
  Meeting meetings[warp][4];
  Barrier barriers[16];
  std::vector<Copy> copies;
  size_t first_copy = 0;  // those before it have taken effect
  std::byte *stacks = nullptr, *shared = nullptr;
  size_t shared_bytes = 0;
  Config config;
  std::mt19937 random;
  void (*body)(void*) = nullptr;
  void* argument = nullptr;
  uint64_t switched = 0;
  std::string broken;

  Engine() {
    void* const memory = mmap(nullptr, block_limit * stack_step, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
      fail(ErrorKind::out_of_budget, "[cuda:sim] cannot have the stacks of a thread block");
    stacks = static_cast<std::byte*>(memory);
    shared = static_cast<std::byte*>(std::aligned_alloc(1024, shared_memory_limit + 1024));
    for (size_t i = 0; i < block_limit; ++i) threads[i].fiber.set_stack(stacks + i * stack_step, stack_bytes);
  }
  ~Engine() {
    munmap(stacks, block_limit * stack_step);
    std::free(shared);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Thread& me() { return threads[static_cast<size_t>(current)]; }
  void leave(bool for_good) {
    ++switched;
    me().fiber.leave(for_good);
  }
  void sleep(const void* key, Where at) {
    Thread& t = me();
    t.key = key, t.at = at, t.blocked = true;
    leave(false);
    t.key = nullptr;
  }
  void wake(const void* key) {
    for (int i = 0; i < count; ++i) {
      Thread& t = threads[static_cast<size_t>(i)];
      if (t.blocked && t.key == key) t.blocked = false;
    }
  }
  void run_block(dim3 block);
  void resume(int i);
  bool complete_a_copy();
  void reset();
  std::string who_waits() const;
};

thread_local Engine* engine = nullptr;

void entry() {
  engine->me().fiber.entered();
  engine->body(engine->argument);
  engine->me().done = true;
  --engine->live;
  engine->leave(true);
  std::abort();
}

void Engine::resume(int i) {
  current = i, moved = true;
  Thread& t = me();
  threadIdx = t.id;
  if (!t.started) t.started = true, t.fiber.begin(entry);
  t.fiber.resume();
  // A thread that has ended no longer counts at __syncthreads(), as since Volta.
  if (t.done && barriers[0].arrived > 0 && barriers[0].arrived >= live)
    barriers[0].arrived = 0, wake(&barriers[0]);
}

// Nothing can run: one asynchronous copy takes effect, the oldest or any.
bool Engine::complete_a_copy() {
  if (first_copy == copies.size()) return false;
  size_t at = first_copy;
  if (config.order == Order::reverse) at = copies.size() - 1;
  if (config.order == Order::random) at += random() % (copies.size() - first_copy);
  Copy copy = copies[at];
  if (config.order == Order::forward) {
    ++first_copy;
  } else {
    copies[at] = copies.back();
    copies.pop_back();
  }
  if (first_copy == copies.size()) copies.clear(), first_copy = 0;
  copy.f(copy.data.data());
  Thread& owner = threads[static_cast<size_t>(copy.thread)];
  if (owner.blocked && owner.key == &copies && copy.group < owner.wanted && --owner.missing == 0)
    owner.blocked = false;
  return true;
}

void Engine::reset() {
  copies.clear(), first_copy = 0;
  for (auto& b : barriers) b.arrived = 0;
  for (auto& w : meetings)
    for (auto& m : w) m.arrived = 0;
}

std::string Engine::who_waits() const {
  std::string text = "deadlock:";
  unsigned line = 0;
  for (int i = 0, told = 0; i < count && told < 4; ++i) {
    const Thread& t = threads[static_cast<size_t>(i)];
    if (t.done || t.at.line == line) continue;
    line = t.at.line, ++told;
    text += concat(told > 1 ? ", thread " : " thread ", i, " waits at ", t.at.file, ":", line);
  }
  return text;
}

void Engine::run_block(dim3 block) {
  live = count;
  for (int i = 0; i < count; ++i) {
    Thread& t = threads[static_cast<size_t>(i)];
    const auto u = static_cast<unsigned>(i);
    t.started = t.done = t.blocked = false;
    t.key = nullptr, t.commits = 0;
    t.id = {u % block.x, u / block.x % block.y, u / (block.x * block.y)};
  }
  std::memset(shared, 0xFF, shared_bytes);  // NaN in every floating format
  const int warps = (count + warp - 1) / warp;
  std::array<int, warp> warp_order{}, lane_order{};
  std::iota(warp_order.begin(), warp_order.end(), 0);
  std::iota(lane_order.begin(), lane_order.end(), 0);
  if (config.order == Order::reverse) {
    std::reverse(warp_order.begin(), warp_order.begin() + warps);
    std::reverse(lane_order.begin(), lane_order.end());
  }
  while (live > 0) {
    bool any = false;
    if (config.order == Order::random) std::shuffle(warp_order.begin(), warp_order.begin() + warps, random);
    for (int w = 0; w < warps; ++w) do {  // a warp goes on as long as one of its lanes can
        moved = false;
        if (config.order == Order::random) std::shuffle(lane_order.begin(), lane_order.end(), random);
        for (const int lane : lane_order) {
          const int i = warp_order[static_cast<size_t>(w)] * warp + lane;
          if (i >= count || threads[static_cast<size_t>(i)].done || threads[static_cast<size_t>(i)].blocked)
            continue;
          resume(i);
          if (!broken.empty()) {
            reset();
            fail(ErrorKind::device, "[cuda:sim] ", std::exchange(broken, {}));
          }
        }
        any |= moved;
      } while (moved);
    if (any || complete_a_copy()) continue;
    const std::string text = who_waits();
    reset();
    fail(ErrorKind::device, "[cuda:sim] ", text);
  }
  while (complete_a_copy()) {
  }
}

}  // namespace

Config& config() {
  static Config of_process;
  return of_process;
}

Counts counts() { return {launches, threads_run, switches}; }

void stop(Where at, const char* what) {
  engine->me().at = at;
  engine->broken = concat(at.file, ":", at.line, ": thread ", engine->current, ": ", what);
  engine->leave(false);
  std::abort();
}

void block_barrier(int id, int wanted, Where at) {
  Barrier& b = engine->barriers[id];
  if (b.arrived > 0 && id == 0 && b.at.line != at.line)
    stop(at, "threads of one block wait at different __syncthreads()");
  b.at = at;
  if (++b.arrived == (wanted ? wanted : engine->live))
    b.arrived = 0, engine->wake(&b);
  else
    engine->sleep(&b, at);
}

void warp_collective(unsigned mask, void* mine, void (*f)(unsigned, void**), Where at) {
  const int w = engine->current / warp, lane = engine->current % warp, left = engine->count - w * warp;
  if (left < warp) mask &= (1U << left) - 1;
  if (!(mask >> lane & 1)) stop(at, "the calling lane is not in its mask");
  Meeting* m = nullptr;
  for (auto& one : engine->meetings[w])
    if (one.arrived && one.mask == mask) m = &one;
  if (!m)
    for (auto& one : engine->meetings[w])
      if (!one.arrived) {
        m = &one, m->mask = mask;
        break;
      }
  if (!m) stop(at, "too many masks meet at once");
  m->brought[lane] = mine;
  m->arrived |= 1U << lane;
  if (m->arrived != mask) return engine->sleep(m, at);
  f(mask, m->brought);
  m->arrived = 0;
  for (int i = 0; i < warp; ++i)
    if (mask >> i & 1)
      engine->threads[static_cast<size_t>(w) * warp + static_cast<size_t>(i)].blocked = false;
}

void defer_copy(void (*f)(void*), const void* data, size_t nbytes) {
  Copy copy{f, {}, engine->current, engine->me().commits};
  if (nbytes > copy.data.size()) std::abort();
  std::memcpy(copy.data.data(), data, nbytes);
  if (engine->config.lazy)
    engine->copies.push_back(copy);
  else
    f(copy.data.data());
}

void commit_copies() { ++engine->me().commits; }

void wait_copies(int newest) {
  Thread& t = engine->me();
  t.wanted = t.commits - newest;
  const auto begin = engine->copies.begin() + static_cast<std::ptrdiff_t>(engine->first_copy);
  t.missing = static_cast<int>(std::count_if(begin, engine->copies.end(), [&](const Copy& c) {
    return c.thread == engine->current && c.group < t.wanted;
  }));
  if (t.missing > 0) engine->sleep(&engine->copies, Where{__FILE__, __LINE__});
}

std::byte* shared_base() { return engine->shared; }
size_t shared_size() { return engine->shared_bytes; }
unsigned lane_id() { return static_cast<unsigned>(engine->current % warp); }

void run(dim3 grid, dim3 block, size_t shared_bytes, void (*body)(void*), void* argument) {
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z, each = uint64_t{block.x} * block.y * block.z;
  if (each == 0 || each > block_limit || blocks == 0 || grid.y > 65535 || grid.z > 65535 ||
      grid.x > 0x7fffffff || shared_bytes > shared_memory_limit)
    fail(ErrorKind::device, "[cuda:sim] a launch out of limits: grid ", grid.x, "x", grid.y, "x", grid.z,
         ", block ", block.x, "x", block.y, "x", block.z, ", ", shared_bytes, " bytes of shared memory");
  const Config settings = config();
  ++launches, threads_run += blocks * each;
  parallel_for(
      0, static_cast<int64_t>(blocks), std::max<int64_t>(1, static_cast<int64_t>(512 / each)),
      [&](int64_t begin, int64_t end) {
        static thread_local std::unique_ptr<Engine> own;
        if (!own) own = std::make_unique<Engine>();
        engine = own.get();
        engine->config = settings, engine->body = body, engine->argument = argument;
        engine->count = static_cast<int>(each), engine->shared_bytes = shared_bytes, engine->switched = 0;
        gridDim = grid, blockDim = block;
#if SCONCE_SIM_ASAN
        const size_t visible = (shared_bytes + 7) / 8 * 8;
        __asan_unpoison_memory_region(engine->shared, shared_memory_limit);
        __asan_poison_memory_region(engine->shared + visible, shared_memory_limit - visible);
#endif
        for (int64_t b = begin; b < end; ++b) {
          const auto i = static_cast<uint64_t>(settings.order == Order::reverse ? end - 1 - (b - begin) : b);
          engine->random.seed(static_cast<unsigned>(settings.seed * 7919U + i));
          blockIdx = {static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                      static_cast<unsigned>(i / (uint64_t{grid.x} * grid.y))};
          engine->run_block(block);
        }
        switches += engine->switched;
      });
}

}  // namespace sconce::gpu_sim
