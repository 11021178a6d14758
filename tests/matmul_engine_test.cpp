// Products of two activations in the engine: exact on small whole numbers, for every instruction set that this machine has.
#include <doctest/doctest.h>

#include <vector>

#include "cpu/engine/matmul.h"
#include "cpu/isa_choice.h"
#include "support/packs.h"

using namespace sconce;
using namespace sconce::engine;

namespace {

std::vector<float> whole_numbers(int64_t count, int step) {
  std::vector<float> x(static_cast<size_t>(count + 16));
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(static_cast<int>(i * static_cast<size_t>(step) % 17) - 8);
  return x;
}

void expect_exact(MatmulGeometry g, isa::Activation activation = isa::Activation::none) {
  const std::vector<float> a = whole_numbers(g.outer * g.batch * g.m * g.a_pitch, 5);
  const std::vector<float> b = whole_numbers(g.outer * g.batch * (g.b_transposed ? g.n : g.k) * g.b_pitch, 7);
  for (const isa::Kernels& kernels : all_kernels()) {
    const auto op = make_matmul(g, activation, kernels);
    std::vector<float> c(static_cast<size_t>(g.outer * g.batch * g.m * g.c_pitch), 77.f);
    test::run_all(*op, {a.data(), b.data()}, {c.data()});
    int64_t wrong = 0, touched = 0;
    for (int64_t o = 0; o < g.outer; ++o)
      for (int64_t p = 0; p < g.batch; ++p)
        for (int64_t i = 0; i < g.m; ++i)
          for (int64_t j = 0; j < g.c_pitch; ++j) {
            const float got = c[static_cast<size_t>(o * g.c_outer + p * g.c_batch + i * g.c_pitch + j)];
            if (j >= g.n) {
              touched += got != 77.f;
              continue;
            }
            float sum = 0;
            for (int64_t k = 0; k < g.k; ++k)
              sum += a[static_cast<size_t>(o * g.a_outer + p * g.a_batch + i * g.a_pitch + k)] *
                     b[static_cast<size_t>(o * g.b_outer + p * g.b_batch +
                                           (g.b_transposed ? j * g.b_pitch + k : k * g.b_pitch + j))];
            wrong += got != (activation == isa::Activation::relu ? std::max(sum, 0.f) : sum);
          }
    CAPTURE(kernels.name);
    CHECK(wrong == 0);
    CHECK(touched == 0);
  }
}

MatmulGeometry matmul(int64_t outer, int64_t batch, int64_t m, int64_t k, int64_t n, bool transposed) {
  MatmulGeometry g{.outer = outer, .batch = batch, .m = m, .k = k, .n = n};
  g.a_pitch = k + 1, g.b_pitch = (transposed ? k : n) + 2, g.c_pitch = n + 3;
  g.a_batch = m * g.a_pitch, g.b_batch = (transposed ? n : k) * g.b_pitch, g.c_batch = m * g.c_pitch;
  g.a_outer = batch * g.a_batch, g.b_outer = batch * g.b_batch, g.c_outer = batch * g.c_batch;
  g.b_transposed = transposed;
  return g;
}

}  // namespace

TEST_CASE("products of activations, batched, both ways round") {
  for (bool transposed : {false, true}) {
    for (int64_t m : {1, 5, 6, 7, 23})
      for (int64_t k : {1, 7, 8, 33})
        for (int64_t n : {1, 8, 15, 16, 17, 50}) expect_exact(matmul(2, 3, m, k, n, transposed));
    expect_exact(matmul(1, 1, 600, 90, 130, transposed), isa::Activation::relu);
  }
}

TEST_CASE("one matrix for the whole batch") {
  MatmulGeometry g = matmul(2, 2, 9, 20, 21, false);
  g.b_batch = g.b_outer = 0;
  expect_exact(g);
}
