// Many threads on one file, one checkpoint and one module. What ThreadSanitizer is run for.
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

using namespace sconce;
using namespace sconce::test;

namespace {

constexpr int threads = 8;

void on_many_threads(const std::function<void(size_t)>& work) {
  std::vector<std::thread> all;
  for (size_t i = 0; i < threads; ++i) all.emplace_back(work, i);
  for (std::thread& t : all) t.join();
}

// Every byte of every tensor, in an order of the thread's own.
uint64_t read_all(const StateDict& state, size_t first) {
  uint64_t sum = 0;
  for (size_t i = 0; i < state.size(); ++i) {
    const StateDict::Entry& entry = state.entries()[(i + first) % state.size()];
    if (!entry.is_tensor()) continue;
    const Tensor t = entry.tensor().contiguous();
    const auto* bytes = static_cast<const unsigned char*>(t.data());
    for (int64_t k = 0; k < t.numel() * static_cast<int64_t>(size_of(t.dtype())); ++k) sum += bytes[k] + 1;
  }
  return sum;
}

}  // namespace

TEST_CASE("parallel: one checkpoint read by many threads, whichever asks for a record first") {
  for (const char* name : {"deflated.pth", "state_dict_legacy_protocol2.pth", "train_resume.pth", "views.pth",
                           "unaligned.pth", "big_endian.pth"}) {
    CAPTURE(name);
    const std::string path = fixture("checkpoints/" + std::string(name)).string();
    const auto state_of = [&](const Checkpoint& c) { return c.state_dict(c.candidates().front()); };
    const uint64_t expected = read_all(state_of(Checkpoint::open(path)), 0);
    const Checkpoint shared = Checkpoint::open(path);
    const StateDict state = state_of(shared);
    std::vector<uint64_t> sums(threads), own(threads);
    on_many_threads([&](size_t i) {
      sums[i] = read_all(i % 2 ? state : state_of(shared), i);
      own[i] = read_all(state_of(Checkpoint::open(path)), i);
    });
    CHECK(std::all_of(sums.begin(), sums.end(), [&](uint64_t sum) { return sum == expected; }));
    CHECK(own == sums);
  }
}

TEST_CASE("parallel: many modules take one state_dict, and one module serves many threads") {
  nn::Sequential source(nn::Linear(16, 32), nn::ReLU(), nn::Linear(32, 4));
  const StateDict state = source.state_dict();
  const Tensor x = arange(0, 32).to(DType::f32).reshape({2, 16});
  const Tensor expected = source.eval()(x);
  std::vector<char> equal(threads);
  on_many_threads([&](size_t i) {
    nn::Sequential mine(nn::Linear(16, 32), nn::ReLU(), nn::Linear(32, 4));
    mine.load_state_dict(state);
    mine.eval();
    equal[i] = bit_equal(mine(x), expected) && bit_equal(source(x), expected);
  });
  CHECK(std::all_of(equal.begin(), equal.end(), [](char same) { return same; }));
}
