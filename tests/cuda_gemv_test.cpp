// Products with few rows or columns on the GPU, and what chooses them: against products in double in the six ways to run.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include <cstring>
#include <vector>

#include "support/gpu.h"
#include "support/gpu_product.h"
#include "support/sanitized.h"
#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::gpu_sim;
using test::allowed, test::Problem;

namespace {

constexpr bool few_shapes = test::sanitized;

template <class E>
constexpr DType dtype_of_element = std::is_same_v<E, float>  ? DType::f32
                                   : std::is_same_v<E, Half> ? DType::f16
                                                             : DType::bf16;

template <class E>
void check_gemv(Problem<E>&& p, int splits) {
  std::vector<E> first;
  for (const auto& mode : test::modes()) {
    const test::InMode in_mode(mode);
    CAPTURE(mode.name);
    CAPTURE(name_of(dtype_of_element<E>));
    CAPTURE(p.m);
    CAPTURE(p.n);
    CAPTURE(p.k);
    CAPTURE(p.along_k);
    CAPTURE(p.slack);
    CAPTURE(splits);
    p.run({MatmulKernel::gemv, splits});
    if (first.empty()) {
      first = p.out;
      CHECK(p.error() <= allowed(dtype_of_element<E>, false));
    } else {
      CHECK(std::memcmp(first.data(), p.out.data(), first.size() * sizeof(E)) == 0);
    }
  }
}

// `all`: of the shapes, where another type does not run the same code.
template <class E>
void check_gemv_shapes(bool all) {
  constexpr int piece = 16 / static_cast<int>(sizeof(E));
  const std::vector<int> vectors = all ? std::vector<int>{1, 2, 3, 8} : std::vector<int>{1, 5},
                         ends = {0, 33, 257}, inner = {0, 1, 7, 8, 31, 32, 33, 128, 255, 257};
  for (const int count : vectors)
    for (const int k : all&& count == 1 ? inner : ends)
      for (const bool along_k : {true, false}) {
        const int lines = k % 2 == 0 ? 19 : 67, width = along_k ? k : lines;
        // Rows as they are, and rows behind which there is enough to make them begin on 16 bytes.
        for (const int slack : {0, (piece - width % piece) % piece})
          check_gemv<E>({count, lines, k, along_k, slack}, 1);
        check_gemv<E>({lines, count, k, along_k}, 1);
      }
  for (const bool along_k : {true, false}) {
    check_gemv<E>({3, 131, 264, along_k, 0, 1, 1}, 1);  // no pointer on 16 bytes
    check_gemv<E>({131, 2, 264, along_k, 0, 1, 3}, 4);
    check_gemv<E>({2, 40, 600, along_k, 0, 3}, 4);
    check_gemv<E>({7, 136, 520, along_k, 0, 2}, 3);
    check_gemv<E>({1, 1, 1031, along_k}, 4);
    check_gemv<E>({8, 8, 40, along_k}, 1);
  }
}

}  // namespace

TEST_CASE("cuda: products with few vectors, f32") { check_gemv_shapes<float>(!few_shapes); }
TEST_CASE("cuda: products with few vectors, f16") { check_gemv_shapes<Half>(false); }
TEST_CASE("cuda: products with few vectors, bf16") { check_gemv_shapes<BFloat16>(!few_shapes); }

TEST_CASE("cuda: whole numbers times few vectors are exact") {
  for (const bool along_k : {true, false})
    for (const bool by_columns : {true, false}) {
      const int m = by_columns ? 37 : 3, n = by_columns ? 3 : 37, k = 203;
      Problem<float> p(m, n, k, along_k);
      for (auto* operand : {&p.a, &p.b})
        for (float& v : *operand) v = std::round(v * 9);
      p.run({MatmulKernel::gemv, 1});
      for (int i = 0; i < m; ++i)
        for (int j = 0; j < n; ++j) {
          float sum = 0;
          for (int q = 0; q < k; ++q) sum += p.g.lhs[i * k + q] * p.g.rhs[along_k ? j * k + q : q * n + j];
          CHECK(p.out[static_cast<size_t>(i * n + j)] == sum);
        }
    }
}

TEST_CASE("cuda: products with few vectors keep infinities, and apply what comes after the sum") {
  const float inf = std::numeric_limits<float>::infinity();
  for (const bool along_k : {true, false}) {
    Problem<float> p(2, 9, 70, along_k);
    p.a[3] = inf, p.b[along_k ? 3 : 27] = -2, p.b[along_k ? 73 : 28] = 0;
    p.run({MatmulKernel::gemv, 1});
    CHECK(p.out[0] == -inf);
    CHECK(std::isnan(p.out[1]));  // inf times 0
    CHECK(std::isfinite(p.out[9]));
    for (const bool by_columns : {true, false})
      for (const int splits : {1, 2}) {
        Problem<float> q(by_columns ? 24 : 5, by_columns ? 5 : 24, 300, along_k);
        q.g.epilogue = {2, 0.5F, q.bias.data(), 0, 1, Activation::relu};
        q.run({MatmulKernel::gemv, splits});
        for (size_t i = 0; i < q.out.size(); ++i) {
          const auto bias = static_cast<double>(q.bias[i % static_cast<size_t>(q.n)]);
          CHECK(q.out[i] == doctest::Approx(std::max(0.0, 2 * q.expected[i] + 0.5 * bias)).epsilon(1e-4));
        }
      }
  }
}

TEST_CASE("cuda: a barrier left out between two products of a batch shows") {
  int objecting = 0;
  for (const bool barrier : {true, false})
    for (const auto& mode : test::modes()) {
      const test::InMode in_mode(mode);
      Problem<float> p(2, 32, 64, false, 0, 4);
      p.g.k_each = p.k;
      launch("gemv_across", nullptr, barrier ? gemv_across<float, 2, true> : gemv_across<float, 2, false>,
             dim3(1), dim3(gemv_warps * 32), sizeof(GemvShared<float, 2>), p.g);
      const bool wrong = !(p.error() <= allowed(DType::f32, false));
      if (barrier)
        CHECK(!wrong);
      else
        objecting += wrong;
    }
  CHECK(objecting >= 1);
}

TEST_CASE("cuda: linear layers with few rows go to the kernel for them") {
  const Tensor x = test::seeded("input", {3, 100}), w = test::seeded("w.weight", {45, 100}),
               b = test::seeded("b.bias", {45});
  const Tensor expected = linear(x.to(DType::f64), w.to(DType::f64), b.to(DType::f64));
  const Tensor got = linear(x.to(cuda_sim), w.to(cuda_sim), b.to(cuda_sim)).to(cpu);
  CHECK(test::max_difference(got.to(DType::f64), expected) <= 1e-6 * test::max_magnitude(expected));
  const Tensor across = matmul(x.to(cuda_sim), w.t().contiguous().to(cuda_sim)).to(cpu);
  CHECK(test::max_difference(across.to(DType::f64), sub(expected, b.to(DType::f64))) <=
        1e-6 * test::max_magnitude(expected));
}

TEST_CASE("cuda: the choice of products with few vectors") {
  const GpuProperties a100{80, 108, 163 * 1024}, rtx4090{89, 128, 99 * 1024}, h100{90, 132, 227 * 1024},
      t4{75, 40, 64 * 1024};
  const auto chosen = [](const GpuProperties& gpu, int64_t m, int64_t n, int64_t k, bool along_k = true,
                         DType dtype = DType::f32, int64_t batch = 1) {
    return pick_matmul(gpu, {batch, m, n, k, along_k}, dtype, false);
  };
  const auto gemv = [](int splits) { return MatmulChoice{MatmulKernel::gemv, splits}; };
  for (const GpuProperties& gpu : {a100, rtx4090, h100, t4, simulated_gpu}) {
    CHECK(chosen(gpu, 1, 4096, 4096) == gemv(1));
    CHECK(chosen(gpu, 7, 50257, 768, true, DType::bf16) == gemv(1));
    CHECK(chosen(gpu, 4096, 1, 4096) == gemv(1));
    CHECK(chosen(gpu, 1, 50257, 768, false) == gemv(1));
    CHECK(chosen(gpu, 1, 4096, 31).kernel == MatmulKernel::simt);
    CHECK(chosen(gpu, 8, 4096, 4096).kernel != MatmulKernel::gemv);
    CHECK(chosen(gpu, 1, 4096, 4096, true, DType::f64).kernel == MatmulKernel::simt);
    CHECK(chosen(gpu, 1, 0, 4096).kernel == MatmulKernel::simt);
  }
  CHECK(chosen(h100, 1, 768, 768) == gemv(4));                    // too few rows for a warp each
  CHECK(chosen(h100, 1, 768, 768, true, DType::f16) == gemv(1));  // too short for four
  CHECK(chosen(h100, 1, 768, 3072, true, DType::f16) == gemv(4));
  CHECK(chosen(h100, 1, 64, 1024, true, DType::f32, 144) == gemv(1));
  CHECK(chosen(h100, 1, 768, 768, false) == gemv(6));
  CHECK(chosen(h100, 1, 2304, 768, false) == gemv(6));
  CHECK(chosen(h100, 1, 768, 3072, false, DType::f16) == gemv(16));
  CHECK(chosen(simulated_gpu, 1, 64, 512, false) == gemv(4));
}
