// The threads of a plan's run: order, completeness and independence of who does what.
#include <doctest/doctest.h>
#include <sconce/error.h>
#include <sconce/threads.h>

#include <atomic>
#include <cfloat>
#include <limits>
#include <thread>
#include <vector>

#include "cpu/engine/team.h"

using namespace sconce;

namespace {

// Step s adds to each of its pieces' cells what the step before left in all of its cells, so that a piece that ran too early, twice or
// never shows in the sums.
struct Sums : engine::StepList {
  std::vector<int64_t> counts;
  mutable std::vector<std::vector<int64_t>> cells;
  int64_t failing_step = -1;
  mutable std::atomic<int64_t> most_members{0};

  explicit Sums(std::vector<int64_t> pieces) : counts(std::move(pieces)) {
    for (int64_t n : counts) cells.emplace_back(n, 0);
  }
  int64_t steps() const override { return static_cast<int64_t>(counts.size()); }
  int64_t pieces(int64_t step) const override { return counts[static_cast<size_t>(step)]; }
  void run(int64_t step, int64_t begin, int64_t end, int member) const override {
    if (member >= most_members) most_members = member + 1;
    if (step == failing_step) throw Error(ErrorKind::invalid_argument, "piece failed");
    int64_t before = 1;
    if (step > 0)
      for (int64_t cell : cells[static_cast<size_t>(step - 1)]) before += cell;
    for (int64_t i = begin; i < end; ++i)
      cells[static_cast<size_t>(step)][static_cast<size_t>(i)] += before % 1000003 + i;
  }
  std::vector<std::vector<int64_t>> computed(int threads) {
    for (auto& step : cells) std::fill(step.begin(), step.end(), 0);
    engine::run_steps(*this, threads);
    return cells;
  }
};

struct Threads {
  int before = num_threads();
  explicit Threads(int count) { set_num_threads(count); }
  ~Threads() { set_num_threads(before); }
};

}  // namespace

TEST_CASE("team: each piece once and steps in order, whatever the number of threads") {
  const Threads eight(8);
  Sums sums({1, 7, 0, 64, 1, 1, 3, 200, 2});
  const auto expected = sums.computed(1);
  for (int threads : {2, 3, 7, 8, 100})
    for (int repeat = 0; repeat < 50; ++repeat) REQUIRE(sums.computed(threads) == expected);
  CHECK(sums.most_members <= 64);
  Sums none({});
  engine::run_steps(none, 4);
}

TEST_CASE("team: many callers at once all finish") {
  const Threads two(2);
  const auto expected = Sums({5, 1, 40, 9}).computed(1);
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 40; ++i)
    callers.emplace_back([&] {
      Sums sums({5, 1, 40, 9});
      for (int repeat = 0; repeat < 20; ++repeat) right += sums.computed(2) == expected;
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(right == 40 * 20);
}

TEST_CASE("team: an exception ends the run and comes out") {
  const Threads four(4);
  Sums sums({3, 8, 5});
  sums.failing_step = 1;
  for (int threads : {1, 4}) {
    CHECK_THROWS_WITH_AS(sums.computed(threads), "piece failed", Error);
    CHECK(sums.cells[2] == std::vector<int64_t>(5, 0));
  }
  sums.failing_step = -1;
  CHECK(sums.computed(4) == sums.computed(1));
}

#if defined(__x86_64__) || defined(__aarch64__)
TEST_CASE("team: denormal numbers are zero while steps run, and only then") {
  struct Halve : engine::StepList {
    mutable volatile float result = 1.f;
    int64_t steps() const override { return 1; }
    int64_t pieces(int64_t) const override { return 1; }
    void run(int64_t, int64_t, int64_t, int) const override {
      const volatile float least = FLT_MIN;
      result = least * 0.5f;
    }
  } halve;
  engine::run_steps(halve, 1);
  CHECK(halve.result == 0.f);
  const volatile float least = FLT_MIN;
  CHECK(least * 0.5f > 0.f);
}
#endif
