// The acted-out GPU itself: barriers, shuffles, shared memory, asynchronous copies; and that it objects to planted mistakes.
#include <doctest/doctest.h>
#include <sconce/error.h>

#include <numeric>
#include <vector>

#include "device/async.h"
#include "device/team.h"
#include "support/gpu.h"

using namespace sconce;
using namespace sconce::gpu_sim;

namespace {

enum class Mistake { none, no_barrier, no_wait, no_syncwarp, divergent, early_exit, small_mask, stuck };

struct Row {
  float values[256];
};

// Reverses 256 numbers by way of shared memory.
void reverse(const float* in, float* out, Mistake mistake) {
  auto& s = shared<Row>();
  s.values[threadIdx.x] = in[threadIdx.x];
  if (mistake != Mistake::no_barrier) __syncthreads();
  out[threadIdx.x] = s.values[255 - threadIdx.x];
}

// A ring of two stages: while one is added up, the next is on its way.
struct Ring {
  alignas(16) float stage[2][128];
};
void sum_by_ring(const float* in, float* out, int steps, Mistake mistake) {
  auto& s = shared<Ring>();
  const unsigned t = threadIdx.x;  // 32 threads, 4 floats each
  copy_async16(&s.stage[0][t * 4], in + t * 4, true);
  commit_async();
  float total = 0;
  for (int i = 0; i < steps; ++i) {
    copy_async16(&s.stage[(i + 1) % 2][t * 4], in + (i + 1) * 128 + t * 4, i + 1 < steps);
    commit_async();
    if (mistake != Mistake::no_wait) wait_async<1>();
    __syncthreads();
    for (int k = 0; k < 4; ++k) total += s.stage[i % 2][(t * 4 + static_cast<unsigned>(k) + 64) % 128];
    __syncthreads();
  }
  out[t] = total;
}

void exchange_in_warp(float* out, Mistake mistake) {
  auto& s = shared<Row>();
  s.values[threadIdx.x] = static_cast<float>(threadIdx.x);
  if (mistake != Mistake::no_syncwarp) __syncwarp();
  out[threadIdx.x] = s.values[threadIdx.x ^ 5U];
}

void go_astray(Mistake mistake) {
  if (mistake == Mistake::divergent) {
    if (threadIdx.x < 32)
      __syncthreads();
    else
      __syncthreads();
  }
  if (mistake == Mistake::small_mask) __syncwarp(0xFFFFU);
  if (mistake == Mistake::stuck && threadIdx.x != 0) __shfl_sync(~0U, 1.0F, 0);
  if (mistake == Mistake::early_exit && threadIdx.x >= 32) return;
  __syncthreads();
}

void team_sums(float* out, int* before) {
  const BlockTeam team;
  out[threadIdx.x] = team.reduce(static_cast<float>(threadIdx.x), [](float a, float b) { return a + b; });
  before[threadIdx.x] = team.exclusive(1, 0, [](int a, int b) { return a + b; });
}

void votes(unsigned* out, int* total) {
  out[threadIdx.x] = __ballot_sync(~0U, threadIdx.x % 3 == 0);
  atomicAdd(total, 1);
}

template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

std::vector<float> counting(size_t n) {
  std::vector<float> out(n);
  std::iota(out.begin(), out.end(), 0.0F);
  return out;
}

}  // namespace

TEST_CASE("cuda:sim: barriers, shuffles and asynchronous copies give one result in every order") {
  const auto in = counting(256 * 4);
  for (const auto& mode : test::modes()) {
    CAPTURE(mode.name);
    const test::InMode in_mode(mode);
    std::vector<float> out(256, -1);
    launch(reverse, dim3(1), dim3(256), sizeof(Row), in.data(), out.data(), Mistake::none);
    for (size_t i = 0; i < 256; ++i) CHECK(out[i] == in[255 - i]);
    launch(sum_by_ring, dim3(1), dim3(32), sizeof(Ring), in.data(), out.data(), 8, Mistake::none);
    for (size_t t = 0; t < 32; ++t) {
      float expected = 0;
      for (size_t i = 0; i < 8; ++i)
        for (size_t k = 0; k < 4; ++k) expected += in[i * 128 + (t * 4 + k + 64) % 128];
      CHECK(out[t] == expected);
    }
    launch(exchange_in_warp, dim3(1), dim3(64), sizeof(Row), out.data(), Mistake::none);
    for (size_t i = 0; i < 64; ++i) CHECK(out[i] == static_cast<float>(i ^ 5U));
    std::vector<int> before(160);
    launch(team_sums, dim3(1), dim3(160), sizeof(BlockShared), out.data(), before.data());
    for (size_t i = 0; i < 160; ++i) CHECK(out[i] == 160 * 159 / 2);
    for (size_t i = 0; i < 160; ++i) CHECK(before[i] == static_cast<int>(i));
    std::vector<unsigned> seen(32);
    int total = 0;
    launch(votes, dim3(5, 2, 3), dim3(32), 0, seen.data(), &total);
    CHECK(seen[7] == 0x49249249U);
    CHECK(total == 32 * 30);
    launch(go_astray, dim3(1), dim3(96), 0, Mistake::early_exit);
  }
}

TEST_CASE("cuda:sim: a missing barrier or wait gives a wrong result in some order") {
  const auto in = counting(256 * 4);
  const auto wrong_in = [&](auto run) {
    int wrong = 0;
    for (const auto& mode : test::modes()) {
      const test::InMode in_mode(mode);
      if (run()) ++wrong;
    }
    return wrong;
  };
  std::vector<float> out(256);
  CHECK(wrong_in([&] {
          launch(reverse, dim3(1), dim3(256), sizeof(Row), in.data(), out.data(), Mistake::no_barrier);
          for (size_t i = 0; i < 256; ++i)
            if (out[i] != in[255 - i]) return true;
          return false;
        }) == 6);
  CHECK(wrong_in([&] {
          launch(exchange_in_warp, dim3(1), dim3(32), sizeof(Row), out.data(), Mistake::no_syncwarp);
          for (size_t i = 0; i < 32; ++i)
            if (out[i] != static_cast<float>(i ^ 5U)) return true;
          return false;
        }) == 6);
  // Copies that take effect at once hide a missing wait; late ones show it.
  std::vector<float> right(32);
  launch(sum_by_ring, dim3(1), dim3(32), sizeof(Ring), in.data(), right.data(), 8, Mistake::none);
  CHECK(wrong_in([&] {
          launch(sum_by_ring, dim3(1), dim3(32), sizeof(Ring), in.data(), out.data(), 8, Mistake::no_wait);
          for (size_t i = 0; i < 32; ++i)
            if (out[i] != right[i]) return true;
          return false;
        }) == 5);
}

TEST_CASE("cuda:sim: kernels that break a rule are stopped, with the line, and the next one runs") {
  const auto run = [](Mistake mistake) { launch(go_astray, dim3(1), dim3(64), 0, mistake); };
  CHECK(error_of([&] {
          run(Mistake::divergent);
        }).find("threads of one block wait at different __syncthreads()") != std::string::npos);
  CHECK(error_of([&] { run(Mistake::divergent); }).find("cuda_sim_test.cpp:") != std::string::npos);
  CHECK(error_of([&] { run(Mistake::small_mask); }).find("the calling lane is not in its mask") !=
        std::string::npos);
  CHECK(error_of([&] { run(Mistake::stuck); }).find("deadlock: thread") != std::string::npos);
  CHECK(error_of([&] { run(Mistake::none); }).empty());
  const float* nothing = nullptr;
  float* nowhere = nullptr;
  CHECK(error_of([&] {
          launch(reverse, dim3(1), dim3(256), 16, nothing, nowhere, Mistake::none);
        }).find("too little shared memory") != std::string::npos);
  CHECK(error_of([&] { launch(go_astray, dim3(1), dim3(2048), 0, Mistake::none); }).find("out of limits") !=
        std::string::npos);
  CHECK(error_of([&] {
          launch(go_astray, dim3(1, 70000), dim3(32), 0, Mistake::none);
        }).find("out of limits") != std::string::npos);
}
