// The engine's convolutions and Linear layers: exact on small whole numbers, for every instruction set that this machine has.
#include <doctest/doctest.h>
#include <sconce/error.h>
#include <sconce/small_float.h>

#include <algorithm>
#include <random>

#include "cpu/engine/convolution.h"
#include "cpu/isa_choice.h"
#include "support/engine_case.h"
#include "support/packs.h"

using namespace sconce;
using namespace sconce::engine;
using sconce::test::ConvData;

namespace {

constexpr float kPoison = -12345.f;

struct Chosen {
  bool bias = true, scale = false, residual = false;
  int64_t in_slack = 0, out_slack = 0;  // floats between pixels that belong to others
  isa::Stored stored = isa::Stored::f32;
};

// Fills with whole numbers small enough for every sum to be exact; what lies between pixels is NaN in inputs.
ConvData whole_numbers(const ConvGeometry& g, const Chosen& chosen, const Fusion& fusion, unsigned seed) {
  std::mt19937 random(seed);
  auto whole = [&](int most) {
    return static_cast<float>(static_cast<int>(random() % static_cast<unsigned>(2 * most + 1)) - most);
  };
  ConvData d;
  d.x.assign(static_cast<size_t>(g.in.rows() * g.in.pitch + 16), std::numeric_limits<float>::quiet_NaN());
  for (int64_t p = 0; p < g.in.rows(); ++p)
    for (int64_t c = 0; c < g.in.c; ++c) d.x[static_cast<size_t>(p * g.in.pitch + c)] = whole(4);
  d.weight.resize(static_cast<size_t>(g.in.c / g.groups * g.out.c * g.kernel_d * g.kernel_h * g.kernel_w));
  for (float& w : d.weight) w = whole(3);
  if (chosen.stored == isa::Stored::i8) {
    // Every channel's largest is 127, so that its scale is one. (Each phase of a transposed convolution has scales of its own.)
    const size_t channel = d.weight.size() / static_cast<size_t>(g.out.c);
    for (size_t i = 0; i < d.weight.size(); ++i)
      d.weight[i] = g.transposed ? 127 * whole(1) : i % channel == 0 ? 127 : whole(127);
  }
  if (chosen.bias)
    for (int64_t o = 0; o < g.out.c; ++o) d.bias.push_back(static_cast<double>(whole(9)));
  if (chosen.scale)
    for (int64_t o = 0; o < g.out.c; ++o)
      d.scale.push_back(std::ldexp(1.0, static_cast<int>(random() % 5) - 2));
  if (fusion.residual) {
    d.residual.assign(static_cast<size_t>(g.out.rows() * fusion.residual_pitch + 16),
                      std::numeric_limits<float>::quiet_NaN());
    for (int64_t p = 0; p < g.out.rows(); ++p)
      for (int64_t o = 0; o < g.out.c; ++o)
        d.residual[static_cast<size_t>(p * fusion.residual_pitch + o)] = whole(20);
  }
  return d;
}

void expect_exact(ConvGeometry g, const Chosen& chosen = {},
                  isa::Activation activation = isa::Activation::none) {
  g.in.pitch = padded_pitch(g.in.c) + chosen.in_slack;
  g.out.pitch = padded_pitch(g.out.c) + chosen.out_slack;
  Fusion fusion;
  fusion.activation = activation;
  fusion.residual = chosen.residual;
  fusion.residual_pitch = g.out.c + 3;
  const ConvData d = whole_numbers(g, chosen, fusion, static_cast<unsigned>(g.in.c * 131 + g.out.c));
  fusion.scale = d.scale.empty() ? nullptr : d.scale.data();
  fusion.shift = d.bias.empty() ? nullptr : d.bias.data();
  const std::vector<double> expected = test::convolution_by_definition(g, d, fusion);
  for (const isa::Kernels& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    test::HeapPacks packs;
    const auto op =
        make_convolution(g, {.weight = d.weight.data(), .stored = chosen.stored}, fusion, {}, kernels, packs);
    std::vector<float> y(static_cast<size_t>(g.out.rows() * g.out.pitch), kPoison);
    test::run_all(*op, {d.x.data(), fusion.residual ? d.residual.data() : nullptr, nullptr}, {y.data()});
    int64_t wrong = 0, touched = 0;
    for (int64_t p = 0; p < g.out.rows(); ++p)
      for (int64_t c = 0; c < g.out.pitch; ++c) {
        const float got = y[static_cast<size_t>(p * g.out.pitch + c)];
        if (c >= g.out.c)
          touched += got != kPoison;
        else
          wrong += !(std::abs(static_cast<double>(got) - expected[static_cast<size_t>(p * g.out.c + c)]) <=
                     (activation > isa::Activation::relu6
                          ? 1e-6 * (1 + std::abs(expected[static_cast<size_t>(p * g.out.c + c)]))
                          : 0.0));
      }
    CHECK(wrong == 0);
    CHECK(touched == 0);
  }
}

ConvGeometry conv(Image in, Image out, int64_t kernel, int64_t stride = 1, int64_t pad = 0,
                  int64_t dilation = 1, int64_t groups = 1) {
  ConvGeometry g;
  g.in = in;
  g.out = out;
  g.kernel_h = g.kernel_w = kernel;
  g.stride_h = g.stride_w = stride;
  g.pad_top = g.pad_left = pad;
  g.dilation_h = g.dilation_w = dilation;
  g.groups = groups;
  return g;
}

}  // namespace

TEST_CASE("every number of rows, columns and channels") {
  for (int64_t m = 1; m <= 29; ++m) expect_exact(conv({1, 1, m, 5}, {1, 1, m, 33}, 1));
  for (int64_t n = 1; n <= 70; ++n) expect_exact(conv({1, 1, 13, 7}, {1, 1, 13, n}, 1), {.residual = true});
  for (int64_t k = 1; k <= 40; ++k) expect_exact(conv({1, 1, 7, k}, {1, 1, 7, 19}, 1), {.bias = false});
}

TEST_CASE("sums that leave the registers on the way") {
  for (int64_t k : {511, 512, 513, 1024, 1030, 2085}) expect_exact(conv({1, 1, 9, k}, {1, 1, 9, 17}, 1));
  expect_exact(conv({1, 5, 4, 180}, {1, 5, 4, 20}, 3, 1, 1));
  expect_exact(conv({1, 1, 9, 18001}, {1, 1, 9, 33}, 1), {.out_slack = 3},
               isa::Activation::relu);  // panels in parts
  expect_exact(conv({1, 1, 9, 18001}, {1, 1, 9, 33}, 1), {.residual = true});
  for (int64_t m = 1; m <= 4; ++m) expect_exact(conv({m, 1, 1, 1100}, {m, 1, 1, 100}, 1), {.residual = true});
}

TEST_CASE("kernels, strides, paddings and dilations") {
  for (int64_t c : {3, 8, 20})
    for (int64_t kernel : {1, 2, 3, 5})
      for (int64_t stride : {1, 2, 3})
        for (int64_t dilation : {1, 2}) {
          const int64_t pad = kernel / 2, span = (kernel - 1) * dilation + 1;
          const int64_t h = (11 + 2 * pad - span) / stride + 1, w = (9 + 2 * pad - span) / stride + 1;
          CAPTURE(c);
          CAPTURE(kernel);
          CAPTURE(stride);
          CAPTURE(dilation);
          expect_exact(conv({2, 11, 9, c}, {2, h, w, 10}, kernel, stride, pad, dilation));
        }
  ConvGeometry g = conv({1, 9, 12, 18}, {1, 4, 15, 21},
                        1);  // different in each direction, and more padding behind than before
  g.kernel_h = 4, g.kernel_w = 3, g.stride_h = 2, g.pad_top = 0, g.pad_left = 1, g.dilation_w = 1;
  expect_exact(g);
  g.pad_left = 5;
  expect_exact(g);
  expect_exact(conv({1, 2, 2, 17}, {1, 8, 8, 9}, 3, 1, 4));  // windows that see nothing
  expect_exact(conv({1, 40, 40, 3}, {1, 20, 20, 24}, 7, 2, 3), {}, isa::Activation::relu);
  expect_exact(conv({2, 32, 32, 3}, {2, 2, 2, 40}, 16, 16));
  expect_exact(conv({1, 70, 70, 16}, {1, 70, 70, 18}, 3, 1, 1));  // several blocks
}

TEST_CASE("one and three dimensions") {
  ConvGeometry line = conv({3, 1, 50, 12}, {3, 1, 25, 16}, 1);
  line.kernel_w = 5, line.stride_w = 2, line.pad_left = 2;
  expect_exact(line);
  ConvGeometry solid = conv({2 * 5, 6, 7, 6}, {2 * 3, 6, 7, 11}, 3, 1, 1);
  solid.in_depth = 5, solid.out_depth = 3, solid.kernel_d = 3, solid.stride_d = 2, solid.pad_front = 1;
  expect_exact(solid);
  solid.in.c = 17, solid.pad_front = 0, solid.dilation_d = 1, solid.stride_d = 1;
  expect_exact(solid);
}

TEST_CASE("groups, wide and narrow") {
  expect_exact(conv({1, 6, 6, 64}, {1, 6, 6, 64}, 3, 1, 1, 1, 2));
  expect_exact(conv({1, 6, 6, 32}, {1, 6, 6, 32}, 3, 1, 1, 1, 8), {.scale = true});
  expect_exact(conv({2, 5, 6, 24}, {2, 5, 6, 24}, 3, 1, 1, 1, 24));
  expect_exact(conv({1, 5, 6, 24}, {1, 5, 6, 36}, 1, 1, 0, 1, 12), {.residual = true});
  expect_exact(conv({1, 7, 7, 40}, {1, 4, 4, 20}, 3, 2, 1, 1, 5));
}

TEST_CASE("transposed convolutions") {
  for (int64_t groups : {1, 2})
    for (int64_t kernel : {1, 2, 3, 4, 5})
      for (int64_t stride : {1, 2, 3})
        for (int64_t dilation : {1, 2})
          for (int64_t more : {0, 1}) {
            const int64_t pad = kernel / 3,
                          h = (4 - 1) * stride - 2 * pad + dilation * (kernel - 1) + more + 1, w = h + stride;
            if (more >= std::max(stride, dilation)) continue;
            ConvGeometry g = conv({2, 4, 5, 6}, {2, h, w, 22}, kernel, stride, pad, dilation, groups);
            g.transposed = true;
            expect_exact(g, {.residual = stride == 2}, isa::Activation::relu);
          }
}

TEST_CASE("slices, scales, residuals and activations") {
  const ConvGeometry g = conv({2, 7, 5, 20}, {2, 7, 5, 27}, 3, 1, 1);
  expect_exact(g, {.in_slack = 5, .out_slack = 11});
  expect_exact(conv({1, 9, 9, 3}, {1, 9, 9, 8}, 3, 1, 1), {.in_slack = 2, .out_slack = 1});
  expect_exact(g, {.bias = false, .scale = true, .residual = true, .out_slack = 3});
  for (auto a : {isa::Activation::relu, isa::Activation::relu6, isa::Activation::hardswish,
                 isa::Activation::hardsigmoid}) {
    expect_exact(g, {.residual = true}, a);
    expect_exact(conv({1, 1, 13, 7}, {1, 1, 13, 3}, 1), {.out_slack = 2}, a);
  }
}

TEST_CASE("weights in narrow types") {
  for (const isa::Stored stored : {isa::Stored::bf16, isa::Stored::f16, isa::Stored::i8}) {
    CAPTURE(static_cast<int>(stored));
    const Chosen plain{.stored = stored}, more{.residual = true, .out_slack = 3, .stored = stored};
    for (int64_t m = 1; m <= 14; ++m) expect_exact(conv({1, 1, m, 5}, {1, 1, m, 37}, 1), plain);
    for (int64_t m : {1, 2, 3, 4, 13})
      for (int64_t n = 1; n <= 67; n += m == 1 ? 1 : 3)
        expect_exact(conv({1, 1, m, 7}, {1, 1, m, n}, 1), more);
    for (int64_t m : {1, 4, 9})
      for (int64_t k : {1, 2, 3, 4, 5, 511, 512, 513, 1030, 2085})
        expect_exact(conv({1, 1, m, k}, {1, 1, m, 50}, 1), plain, isa::Activation::relu);
    expect_exact(conv({1, 1, 9, 18001}, {1, 1, 9, 33}, 1), plain);
    expect_exact(conv({2, 11, 9, 20}, {2, 6, 5, 10}, 3, 2, 1), more);
    expect_exact(conv({1, 2, 2, 20}, {1, 2, 2, 40}, 3, 1, 1), plain);  // several taps, few rows
    expect_exact(conv({1, 4, 1, 20}, {1, 4, 1, 40}, 1), plain);
    expect_exact(conv({1, 40, 40, 3}, {1, 20, 20, 24}, 7, 2, 3), plain, isa::Activation::relu);
    expect_exact(conv({1, 6, 6, 32}, {1, 6, 6, 32}, 3, 1, 1, 1, 8), {.scale = true, .stored = stored});
    expect_exact(conv({1, 7, 7, 40}, {1, 4, 4, 20}, 3, 2, 1, 1, 5), plain);
    ConvGeometry g = conv({2, 4, 5, 6}, {2, 9, 11, 22}, 3, 2, 0);
    g.transposed = true;
    expect_exact(g, more);
  }
}

TEST_CASE("narrow weights are rounded as they should be") {
  const int64_t k = 5, n = 19;
  const auto products = [&](const isa::Kernels& kernels, isa::Stored stored, const std::vector<float>& weight,
                            int64_t m) {
    // Row c of x picks weight c out of each channel.
    std::vector<float> x(static_cast<size_t>(m * k + 16), 0.f), y(static_cast<size_t>(m * n));
    for (int64_t i = 0; i < m; ++i) x[static_cast<size_t>(i * k + i % k)] = 1.f;
    test::HeapPacks packs;
    const auto op = make_linear({1, 1, m, k, k}, {1, 1, m, n, n}, {.weight = weight.data(), .stored = stored},
                                {}, {}, kernels, packs);
    test::run_all(*op, {x.data(), nullptr, nullptr}, {y.data()});
    return y;
  };
  std::mt19937 random(3);
  std::vector<float> weight(static_cast<size_t>(n * k));
  for (float& w : weight)
    w = std::ldexp(static_cast<float>(random() % 2000003) / 1000001.f - 1.f,
                   static_cast<int>(random() % 24) - 20);
  for (int64_t c = 0; c < k; ++c) weight[static_cast<size_t>(3 * k + c)] = 0.f;  // a channel of zeros
  weight[0] = 0x1.8p-24f, weight[1] = -0x1p-24f, weight[2] = 0x1.004p0f,
  weight[3] = 65504.f;  // subnormal f16, a tie, its largest
  for (const isa::Kernels& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    for (int64_t m : {5, 3}) {
      CAPTURE(m);
      const auto bf16 = products(kernels, isa::Stored::bf16, weight, m),
                 f16 = products(kernels, isa::Stored::f16, weight, m),
                 i8 = products(kernels, isa::Stored::i8, weight, m);
      int wrong[3] = {};
      for (int64_t o = 0; o < n; ++o) {
        float largest = 0;
        for (int64_t c = 0; c < k; ++c)
          largest = std::max(largest, std::fabs(weight[static_cast<size_t>(o * k + c)]));
        const float scale = largest / 127.f;
        for (int64_t c = 0; c < m; ++c) {
          const float w = weight[static_cast<size_t>(o * k + c)];
          const auto at = static_cast<size_t>(c * n + o);
          wrong[0] += bf16[at] != static_cast<float>(BFloat16(w));
          wrong[1] += f16[at] != static_cast<float>(Half(w));
          wrong[2] += i8[at] != (largest == 0.f ? 0.f : std::rint(w / scale) * scale);
        }
      }
      CHECK(wrong[0] == 0);
      CHECK(wrong[1] == 0);
      CHECK(wrong[2] == 0);
    }
    weight[7] = 65520.f;
    CHECK_THROWS_WITH_AS(products(kernels, isa::Stored::f16, weight, 1),
                         "[prepare] expected weights within 65504, which is all that f16 holds, got 65520",
                         Error);
    weight[7] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(products(kernels, isa::Stored::i8, weight, 1), Error);
    CHECK(std::isnan(products(kernels, isa::Stored::bf16, weight, 5)[2 * n + 1]));
    weight[7] = 1.f;
  }
}

TEST_CASE("pieces may run in any order") {
  ConvGeometry g = conv({1, 60, 60, 48}, {1, 60, 60, 80}, 3, 1, 1);
  g.in.pitch = padded_pitch(g.in.c), g.out.pitch = padded_pitch(g.out.c);
  const ConvData d = whole_numbers(g, {}, {}, 5);
  test::HeapPacks packs;
  const auto op =
      make_convolution(g, {.weight = d.weight.data()}, {.shift = d.bias.data()}, {}, best_kernels(), packs);
  REQUIRE(op->pieces() > 3);
  std::vector<float> y(static_cast<size_t>(g.out.rows() * g.out.pitch), 0.f), z = y;
  test::run_all(*op, {d.x.data(), nullptr, nullptr}, {y.data()}, op->pieces());
  const auto scratch = test::aligned_floats(op->scratch_bytes() / 4 + 16);
  const void* in[] = {d.x.data(), nullptr, nullptr};
  void* out[] = {z.data()};
  for (int64_t p = op->pieces(); p-- > 0;) op->run(p, p + 1, {in, out}, scratch.get());
  CHECK(std::equal(y.begin(), y.end(), z.begin()));
}

TEST_CASE("[in][out] weights, as addmm has them") {
  const int64_t k = 37, n = 45, m = 11;
  std::vector<float> x(static_cast<size_t>(m * k + 16)), w(static_cast<size_t>(k * n)),
      y(static_cast<size_t>(m * n));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(static_cast<int>(i * 7 % 11) - 5);
  for (size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(static_cast<int>(i * 5 % 13) - 6);
  const std::vector<double> twice(static_cast<size_t>(n), 2.0);
  for (const isa::Kernels& kernels : all_kernels())
    for (const double* scale : {static_cast<const double*>(nullptr), twice.data()}) {
      test::HeapPacks packs;
      const auto op = make_linear({1, 1, m, k, k}, {1, 1, m, n, n}, {.weight = w.data(), .in_by_out = true},
                                  {.scale = scale}, {}, kernels, packs);
      test::run_all(*op, {x.data(), nullptr, nullptr}, {y.data()});
      int wrong = 0;
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j) {
          float sum = 0;
          for (int64_t c = 0; c < k; ++c)
            sum += x[static_cast<size_t>(i * k + c)] * w[static_cast<size_t>(c * n + j)];
          wrong += y[static_cast<size_t>(i * n + j)] != (scale ? 2 * sum : sum);
        }
      CHECK(wrong == 0);
    }
}
