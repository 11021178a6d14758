// What the engine does to rows on their way into a product, and the roundings of both, against double.
#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "cpu/engine/convolution.h"
#include "cpu/isa_choice.h"
#include "support/packs.h"

using namespace sconce;
using namespace sconce::engine;

namespace {

struct MatrixSizes {
  int64_t images, pixels, k, n;
};

// out = prologue(x) * weight^T in double, and its distance from what the operator gives, relative in the sense of least squares.
double error_of(const MatrixSizes& s, const Prologue& prologue, const isa::Kernels& kernels,
                bool transform_in_double) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  const int64_t m = s.images * s.pixels;
  const Image in{s.images, 1, s.pixels, s.k, padded_pitch(s.k)},
      out{s.images, 1, s.pixels, s.n, padded_pitch(s.n)};
  std::vector<float> x(static_cast<size_t>(m * in.pitch + 16)), w(static_cast<size_t>(s.k * s.n)),
      factor(static_cast<size_t>(s.images * (s.k + 3) + 16));
  for (float& v : x) v = normal(random) + 0.5f;
  for (float& v : w) v = normal(random);
  for (float& v : factor) v = std::abs(normal(random));
  Prologue p = prologue;
  p.image_scale_pitch = s.k + 3;
  test::HeapPacks packs;
  const auto op = make_linear(in, out, {.weight = w.data()}, {}, p, kernels, packs);
  std::vector<float> y(static_cast<size_t>(m * out.pitch));
  test::run_all(*op, {x.data(), nullptr, factor.data()}, {y.data()});
  double error = 0, size = 0;
  for (int64_t i = 0; i < m; ++i) {
    std::vector<double> row(static_cast<size_t>(s.k));
    for (int64_t c = 0; c < s.k; ++c) {
      double v = static_cast<double>(x[static_cast<size_t>(i * in.pitch + c)]);
      if (transform_in_double) {
        if (p.kind == Prologue::Kind::image_scale)
          v *= static_cast<double>(factor[static_cast<size_t>(i / s.pixels * p.image_scale_pitch + c)]);
        if (p.scale) v *= p.scale[c];
        if (p.shift) v += p.shift[c];
        if (p.relu) v = std::max(v, 0.0);
      }
      row[static_cast<size_t>(c)] = v;
    }
    for (int64_t o = 0; o < s.n; ++o) {
      double sum = 0;
      for (int64_t c = 0; c < s.k; ++c)
        sum += row[static_cast<size_t>(c)] * static_cast<double>(w[static_cast<size_t>(o * s.k + c)]);
      error += std::pow(sum - static_cast<double>(y[static_cast<size_t>(i * out.pitch + o)]), 2);
      size += sum * sum;
    }
  }
  return std::sqrt(error / size);
}

}  // namespace

TEST_CASE("prologues") {
  for (const isa::Kernels& kernels : all_kernels())
    for (const MatrixSizes s : {MatrixSizes{2, 9, 5, 6}, MatrixSizes{1, 50, 64, 40},
                                MatrixSizes{3, 7, 131, 17}, MatrixSizes{1, 700, 96, 33}}) {
      CAPTURE(kernels.name);
      CAPTURE(s.k);
      std::vector<double> scale, shift;
      for (int64_t c = 0; c < s.k; ++c)
        scale.push_back(0.5 + static_cast<double>(c % 7) / 3),
            shift.push_back(static_cast<double>(c % 5) / 4 - 0.5);
      using Kind = Prologue::Kind;
      for (bool relu : {false, true})
        CHECK(error_of(
                  s, {.kind = Kind::scale_shift, .scale = scale.data(), .shift = shift.data(), .relu = relu},
                  kernels, true) < 5e-7);
      CHECK(error_of(s, {.kind = Kind::image_scale}, kernels, true) < 5e-7);
      CHECK(error_of(s, {.kind = Kind::image_scale}, kernels, false) > 0.1);  // it does something
    }
}

// A plain loop in f32, for scale: ours may have no more than twice its error, and sums in short runs have less.
TEST_CASE("roundings of long sums stay below those of a plain loop") {
  const int64_t k = 4608, n = 16, m = 12;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(m * k + 16)), w(static_cast<size_t>(k * n)),
      y(static_cast<size_t>(m * n));
  for (float& v : x) v = std::max(normal(random), 0.f);
  for (float& v : w) v = normal(random);
  for (const isa::Kernels& kernels : all_kernels()) {
    test::HeapPacks packs;
    const auto op =
        make_linear({1, 1, m, k, k}, {1, 1, m, n, n}, {.weight = w.data()}, {}, {}, kernels, packs);
    test::run_all(*op, {x.data(), nullptr, nullptr}, {y.data()});
    double ours = 0, plain = 0;
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double exact = 0;
        float sum = 0;
        for (int64_t c = 0; c < k; ++c) {
          const float a = x[static_cast<size_t>(i * k + c)], b = w[static_cast<size_t>(j * k + c)];
          exact += static_cast<double>(a) * static_cast<double>(b);
          sum += a * b;
        }
        ours += std::pow(exact - static_cast<double>(y[static_cast<size_t>(i * n + j)]), 2);
        plain += std::pow(exact - static_cast<double>(sum), 2);
      }
    CAPTURE(kernels.name);
    CHECK(std::sqrt(ours) < std::sqrt(plain));
  }
}

TEST_CASE("what is not a number stays in its row") {
  const int64_t k = 70, n = 20, m = 15;
  std::vector<float> x(static_cast<size_t>(m * k + 16), 1.f), w(static_cast<size_t>(k * n), 0.5f),
      y(static_cast<size_t>(m * n));
  x[static_cast<size_t>(4 * k + 9)] = std::numeric_limits<float>::quiet_NaN();
  x[static_cast<size_t>(8 * k + 69)] = std::numeric_limits<float>::infinity();
  for (const isa::Kernels& kernels : all_kernels()) {
    test::HeapPacks packs;
    const auto op = make_linear({1, 1, m, k, k}, {1, 1, m, n, n}, {.weight = w.data()},
                                {.activation = isa::Activation::relu}, {}, kernels, packs);
    test::run_all(*op, {x.data(), nullptr, nullptr}, {y.data()});
    for (int64_t i = 0; i < m; ++i) {
      const float got = y[static_cast<size_t>(i * n + 7)];
      CHECK((i == 4 ? std::isnan(got) : i == 8 ? std::isinf(got) : got == 35.f));
    }
  }
}
