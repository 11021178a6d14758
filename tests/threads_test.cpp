#include <doctest/doctest.h>
#include <sconce/error.h>
#include <sconce/threads.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cpu_count.h"

using namespace sconce;

namespace {

// Puts the thread count back at the end of a test.
struct Threads {
  int before = num_threads();
  ~Threads() { set_num_threads(before); }
};

}  // namespace

TEST_CASE("threads: the count") {
  const Threads restore;
  CHECK(num_threads() == available_cpus());
  CHECK(num_threads() >= 1);
  set_num_threads(3);
  CHECK(num_threads() == 3);
  CHECK_THROWS_WITH_AS(set_num_threads(0), "set_num_threads expects a positive integer", Error);
  CHECK(num_threads() == 3);
}

TEST_CASE("threads: every index once, in pieces of at least a grain") {
  const Threads restore;
  for (int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    for (int64_t count : {0, 1, 2, 7, 64, 1000}) {
      for (int64_t grain : {1, 3, 64, 5000}) {
        CAPTURE(threads);
        CAPTURE(count);
        CAPTURE(grain);
        std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
        std::atomic<int> pieces{0};
        parallel_for(5, 5 + count, grain, [&](int64_t begin, int64_t end) {
          ++pieces;
          for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i - 5)];
        });
        bool all_once = true;
        for (const auto& times : seen) all_once = all_once && times == 1;
        CHECK(all_once);
        if (count > 0) CHECK(pieces <= std::max<int64_t>(1, count / grain));
        if (threads == 1) CHECK(pieces == (count > 0));
      }
    }
  }
  int calls = 0;
  parallel_for(3, 1, 1, [&](int64_t, int64_t) { ++calls; });
  CHECK(calls == 0);
}

TEST_CASE("threads: nested calls stay on their thread") {
  const Threads restore;
  set_num_threads(4);
  std::atomic<int64_t> sum{0};
  std::atomic<bool> strayed{false};
  parallel_for(0, 16, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto self = std::this_thread::get_id();
      parallel_for(0, 100, 1, [&](int64_t b, int64_t e) {
        if (std::this_thread::get_id() != self || b != 0 || e != 100) strayed = true;
        sum += e - b;
      });
    }
  });
  CHECK(sum == 1600);
  CHECK(!strayed);
}

TEST_CASE("threads: exceptions come out at the caller, and the pool goes on") {
  const Threads restore;
  set_num_threads(4);
  for (int round = 0; round < 50; ++round) {
    CHECK_THROWS_WITH_AS(parallel_for(0, 64, 1,
                                      [](int64_t begin, int64_t) {
                                        if (begin >= 0) throw std::runtime_error("piece");
                                      }),
                         "piece", std::runtime_error);
    std::atomic<int64_t> sum{0};
    parallel_for(0, 64, 1, [&](int64_t begin, int64_t end) { sum += end - begin; });
    CHECK(sum == 64);
  }
  // Nested: an exception of the inner call passes through the outer one.
  CHECK_THROWS_AS(parallel_for(0, 8, 1,
                               [](int64_t, int64_t) {
                                 parallel_for(0, 8, 1,
                                              [](int64_t, int64_t) { fail(ErrorKind::io, "inner"); });
                               }),
                  Error);
}

TEST_CASE("threads: several callers at once, more threads than CPUs") {
  const Threads restore;
  set_num_threads(6);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 6; ++c)
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        std::vector<int64_t> out(257);
        parallel_for(0, 257, 16, [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) out[static_cast<size_t>(i)] = i;
        });
        if (std::accumulate(out.begin(), out.end(), int64_t{0}) != 257 * 256 / 2) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("threads: a host's own threads can do the work, or leave it") {
  const Threads restore;
  set_num_threads(4);
  std::vector<std::function<void()>> late;
  std::vector<std::thread> hosts;
  auto sum_of = [](int64_t count) {
    std::atomic<int64_t> sum{0};
    parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) sum += i;
    });
    return sum.load();
  };
  set_task_runner([&](std::function<void()> task) { hosts.emplace_back(std::move(task)); });
  CHECK(sum_of(1000) == 499500);
  CHECK(hosts.size() == 3);
  set_task_runner([&](std::function<void()> task) { late.push_back(std::move(task)); });
  CHECK(sum_of(1000) == 499500);
  CHECK(late.size() == 3);
  set_task_runner({});
  for (std::thread& host : hosts) host.join();
  for (const auto& task : late) task();  // long after
  CHECK(sum_of(10) == 45);
}
