// Many callers of one plan on few threads, beside a neighbour that spins: all finish, with the same numbers.
#include <doctest/doctest.h>
#include <sconce/nn/nn.h>
#include <sconce/prepare.h>
#include <sconce/threads.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("plan: a hundred threads call one plan on two, beside a spinning neighbour") {
  const int before = num_threads();
  set_num_threads(2);
  const auto model = nn::make_model(
      "Sequential(Conv2d(3, 32, 3, padding=1), ReLU(), Conv2d(32, 32, 1), Flatten(), Linear(8192, 10))");
  fill(*model);
  const Tensor x = seeded("input", {1, 3, 16, 16}), larger = seeded("input", {2, 3, 16, 16});
  const Plan plan = prepare(*model, x, {.threads = 2});
  const Tensor expected = plan(x), expected_larger = plan(larger);
  std::atomic<bool> stop{false};
  std::thread neighbour([&] {
    while (!stop) {
    }
  });
  std::atomic<int> right{0}, failed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 100; ++i)
    callers.emplace_back([&, i] {
      try {
        for (int call = 0; call < 10; ++call) {
          const bool large = (i + call) % 3 == 0;
          right += bit_equal(plan(large ? larger : x), large ? expected_larger : expected);
        }
      } catch (...) {
        ++failed;
      }
    });
  for (std::thread& caller : callers) caller.join();
  stop = true;
  neighbour.join();
  set_num_threads(before);
  CHECK(right == 1000);
  CHECK(failed == 0);
}
