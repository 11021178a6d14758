// Products on the GPU's tensor cores, and what chooses them: against products in double in the six ways to run, and with planted races.
#include <doctest/doctest.h>
#include <sconce/error.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include "ops/gemm_mma.h"
#include "support/gpu.h"
#include "support/gpu_product.h"
#include "support/sanitized.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::gpu_sim;
using test::allowed, test::Problem;

namespace {

constexpr bool few = test::sanitized;  // shapes, where everything takes ten times as long

template <class E>
void check_product(int m, int n, int k, bool along_k, int slack, int batch, const MatmulChoice& choice,
                   bool tf32) {
  Problem<E> p(m, n, k, along_k, slack, batch);
  std::vector<E> first;
  const DType dtype = std::is_same_v<E, float>  ? DType::f32
                      : std::is_same_v<E, Half> ? DType::f16
                                                : DType::bf16;
  for (const auto& mode : test::modes()) {
    const test::InMode in_mode(mode);
    CAPTURE(mode.name);
    CAPTURE(name_of(dtype));
    CAPTURE(m);
    CAPTURE(n);
    CAPTURE(k);
    CAPTURE(along_k);
    CAPTURE(slack);
    CAPTURE(tf32);
    CAPTURE(choice.splits);
    p.run(choice, tf32);
    if (first.empty()) {
      first = p.out;
      CHECK(p.error() <= allowed(dtype, tf32));
    } else {
      CHECK(std::memcmp(first.data(), p.out.data(), first.size() * sizeof(E)) == 0);
    }
  }
}

template <class E>
void check_shapes(bool tf32) {
  const MatmulChoice small{MatmulKernel::mma_small, 1}, large{MatmulKernel::mma_large, 1};
  const int stage = 128 / static_cast<int>(sizeof(E));
  struct Case {
    int m, n, k;
  };
  std::vector<Case> cases = {{1, 1, 1}, {65, 67, 4 * stage + 8}, {31, 64, stage + 1}};
  if (!few)
    for (const Case& c :
         {Case{64, 64, stage}, {63, 65, stage - 1}, {2, 7, 0}, {37, 61, 5 * stage + 3}, {16, 128, 13}})
      cases.push_back(c);
  for (const Case& c : cases)
    for (const bool along_k : {true, false}) {
      const int piece = 16 / static_cast<int>(sizeof(E)), width = along_k ? c.k : c.n;
      // Rows as they are, and rows behind which there is just enough to make them begin on 16 bytes where k does too.
      check_product<E>(c.m, c.n, c.k, along_k, 0, 1, small, tf32);
      const int slack = (piece - width % piece) % piece;
      if (slack && !few) check_product<E>(c.m, c.n, c.k, along_k, slack, 1, small, tf32);
    }
  check_product<E>(129, 130, stage + 8, true, 0, 1, large, tf32);
  if (!few) check_product<E>(127, 136, 2 * stage, false, 0, 1, large, tf32);
  check_product<E>(20, 24, 7 * stage + 8, true, 0, 2, {MatmulKernel::mma_small, 3}, tf32);
}

// How many of the six ways to run show that a kernel is wrong.
template <Planted P>
int ways_that_object(bool along_k) {
  using T = MmaTile<MmaPrecision::bf16, 64, 64, 32, 32>;
  Problem<BFloat16> p(64, 64, 64 * (few ? 4 : 6), along_k);
  p.g.k_each = p.k;
  int objecting = 0;
  for (const auto& mode : test::modes()) {
    const test::InMode in_mode(mode);
    std::fill(p.out.begin(), p.out.end(), BFloat16::from_bits(0x7FFF));
    launch("gemm_mma", nullptr, along_k ? gemm_mma<T, true, P> : gemm_mma<T, false, P>, dim3(1),
           dim3(T::threads), sizeof(T::Shared), p.g);
    if (!(p.error() <= allowed(DType::bf16, false))) ++objecting;
  }
  return objecting;
}

}  // namespace

TEST_CASE("cuda: products on tensor cores, f32 in three") { check_shapes<float>(false); }
TEST_CASE("cuda: products on tensor cores, tf32") { check_shapes<float>(true); }
TEST_CASE("cuda: products on tensor cores, bf16") { check_shapes<BFloat16>(false); }
TEST_CASE("cuda: products on tensor cores, f16") { check_shapes<Half>(false); }

TEST_CASE("cuda: planted races in products on tensor cores show") {
  for (const bool along_k : {true, false}) {
    CHECK(ways_that_object<Planted::nothing>(along_k) == 0);
    CHECK(ways_that_object<Planted::no_barrier>(along_k) >= 1);
    CHECK(ways_that_object<Planted::short_wait>(along_k) == 5);  // copies that take effect at once hide it
    CHECK(ways_that_object<Planted::early_fetch>(along_k) >= 1);
  }
}

TEST_CASE("cuda: f32 in three products on tensor cores errs no more than multiply-adds") {
  for (const int k : few ? std::vector<int>{64} : std::vector<int>{64, 256, 1024}) {
    Problem<float> p(64, 64, k, true);
    const auto squares = [&] {
      double sum = 0;
      for (size_t i = 0; i < p.out.size(); ++i)
        sum +=
            (static_cast<double>(p.out[i]) - p.expected[i]) * (static_cast<double>(p.out[i]) - p.expected[i]);
      return sum;
    };
    p.run({MatmulKernel::mma_small, 1}, false);
    const double three = squares();
    for (size_t i = 0; i < 64; ++i)
      for (size_t j = 0; j < 64; ++j) {
        float sum = 0;
        for (size_t q = 0; q < static_cast<size_t>(k); ++q)
          sum = std::fma(p.a[i * static_cast<size_t>(k) + q], p.b[j * static_cast<size_t>(k) + q], sum);
        p.out[i * 64 + j] = sum;
      }
    CAPTURE(k);
    CHECK(three <= squares());
    p.run({MatmulKernel::mma_small, 1}, true);
    CHECK(squares() > 1e6 * three);  // tf32 is another thing
  }
}

TEST_CASE("cuda: products on tensor cores keep infinities, and apply what comes after the sum") {
  Problem<float> p(3, 9, 70, true);
  const float inf = std::numeric_limits<float>::infinity();
  p.a[0] = inf, p.b[0] = -2, p.b[70] = 0;
  p.a[70] = 3e38F, p.a[71] = -3e38F, p.b[1] = 1, p.b[0] = 1;
  p.run({MatmulKernel::mma_small, 1}, false);
  CHECK(p.out[0] == inf);
  CHECK(std::isnan(p.out[1]));  // inf times 0
  CHECK(std::isfinite(p.out[9]));
  Problem<float> q(20, 24, 40, false);
  q.g.epilogue = {2, 0.5F, q.bias.data(), 0, 1, Activation::relu};
  for (const int splits : {1, 2}) {
    q.run({MatmulKernel::mma_small, splits}, false);
    for (size_t i = 0; i < q.out.size(); ++i)
      CHECK(q.out[i] ==
            doctest::Approx(std::max(0.0, 2 * q.expected[i] + 0.5 * static_cast<double>(q.bias[i % 24])))
                .epsilon(1e-5));
  }
}

TEST_CASE("cuda: swizzles are bijections without bank conflicts, and the order of tiles leaves none out") {
  for (int piece = 0; piece < 8; ++piece) {
    std::set<int> rows, pieces;
    for (int i = 0; i < 8; ++i) rows.insert(swizzled(i, piece)), pieces.insert(swizzled(piece, i));
    CHECK(rows.size() == 8);
    CHECK(pieces.size() == 8);
  }
  std::set<int> banks;  // of the 32 lanes that read four rows of eight words
  for (int row = 0; row < 4; ++row)
    for (int n = 0; n < 8; ++n) banks.insert(swizzled_words(row, 2 + n / 4) % 8 * 4 + n % 4);
  CHECK(banks.size() == 32);
  for (const int rows : {1, 7, 8, 19})
    for (const int columns : {1, 3}) {
      std::set<std::pair<int, int>> seen;
      for (int i = 0; i < rows * columns; ++i) {
        const TileAt t = tile_at(i, rows, columns);
        CHECK((t.row < rows && t.column < columns));
        seen.insert({t.row, t.column});
      }
      CHECK(static_cast<int>(seen.size()) == rows * columns);
    }
}

TEST_CASE("cuda: the choice of a product's kernel") {
  const GpuProperties a100{80, 108, 163 * 1024}, rtx3090{86, 82, 99 * 1024}, rtx4090{89, 128, 99 * 1024},
      h100{90, 132, 227 * 1024}, t4{75, 40, 64 * 1024};
  const auto chosen = [](const GpuProperties& gpu, int64_t m, int64_t n, int64_t k, DType dtype = DType::f32,
                         bool tf32 = false, int64_t batch = 1) {
    return pick_matmul(gpu, {batch, m, n, k, true}, dtype, tf32);
  };
  const MatmulChoice simt{MatmulKernel::simt, 1}, small{MatmulKernel::mma_small, 1},
      large{MatmulKernel::mma_large, 1};
  for (const GpuProperties& gpu : {a100, rtx3090, rtx4090, h100, simulated_gpu}) {
    CHECK(chosen(gpu, 4096, 4096, 4096) == large);
    CHECK(chosen(gpu, 4096, 4096, 4096, DType::bf16) == large);
    CHECK(chosen(gpu, 4096, 4096, 16) == simt);
    CHECK(chosen(gpu, 4096, 4096, 32) == simt);  // where multiply-adds err less
    CHECK(chosen(gpu, 4096, 4096, 32, DType::f32, true) == large);
    CHECK(chosen(gpu, 4096, 4096, 4096, DType::f64) == simt);
    CHECK(chosen(gpu, 4096, 4096, 4096, DType::i32) == simt);
    CHECK(chosen(gpu, int64_t{1} << 31, 64, 64) == simt);
    CHECK(chosen(gpu, 0, 0, 0) == simt);
  }
  CHECK(chosen(t4, 4096, 4096, 4096, DType::f16) == simt);
  CHECK(chosen(a100, 64, 64, 64) == small);
  CHECK(chosen(a100, 128, 768, 768) == MatmulChoice{MatmulKernel::mma_small, 4});
  CHECK(chosen(h100, 128, 768, 768, DType::f16) == MatmulChoice{MatmulKernel::mma_small, 3});
  CHECK(chosen(h100, 128, 768, 3072) == MatmulChoice{MatmulKernel::mma_small, 5});
  CHECK(chosen(simulated_gpu, 64, 64, 4096) == MatmulChoice{MatmulKernel::mma_small, 4});
  CHECK(chosen(rtx3090, 128, 64, 128, DType::bf16, false, 96) == small);
  CHECK(chosen({86, 82, 48 * 1024}, 4096, 4096, 4096) == small);  // where the large tile does not fit
}
