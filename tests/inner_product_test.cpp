// Products by inner products: as exact as plain multiply-adds, whatever the sizes of rows, columns and channels, and as deaf to neighbours.
// (That they are exact on whole numbers for every number of rows, columns and channels, convolution_engine_test and winograd_test show,
// which run all kernels.)
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "cpu/add_pipes.h"
#include "cpu/engine/convolution.h"
#include "cpu/engine/winograd.h"
#include "cpu/isa_choice.h"
#include "support/packs.h"

using namespace sconce;
using namespace sconce::engine;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Problem {
  int64_t m, k, n;
  std::vector<float> x, weight;  // [m][k], [n][k]
  float& at(int64_t row, int64_t channel) { return x[static_cast<size_t>(row * k + channel)]; }
};

Problem normal(int64_t m, int64_t k, int64_t n, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution;
  Problem p{m, k, n, std::vector<float>(static_cast<size_t>(m * k + 16)),
            std::vector<float>(static_cast<size_t>(n * k))};
  for (float& x : p.x) x = distribution(random);
  for (float& w : p.weight) w = distribution(random) / std::sqrt(static_cast<float>(k));
  return p;
}

std::vector<float> product(const Problem& p, const isa::Kernels& kernels) {
  test::HeapPacks packs;
  const Image in{1, 1, p.m, p.k, p.k}, out{1, 1, p.m, p.n, p.n};
  const auto op = make_linear(in, out, {.weight = p.weight.data()}, {}, {}, kernels, packs);
  std::vector<float> y(static_cast<size_t>(p.m * p.n));
  test::run_all(*op, {p.x.data(), nullptr, nullptr}, {y.data()});
  return y;
}

// The root of the mean over rows of each row's squared error, relative to what plain rounding would be measured against: the row's result.
double error(const Problem& p, const std::vector<float>& y) {
  double total = 0;
  for (int64_t i = 0; i < p.m; ++i) {
    double wrong = 0, all = 0;
    for (int64_t j = 0; j < p.n; ++j) {
      double sum = 0;
      for (int64_t c = 0; c < p.k; ++c)
        sum += static_cast<double>(p.x[static_cast<size_t>(i * p.k + c)]) *
               static_cast<double>(p.weight[static_cast<size_t>(j * p.k + c)]);
      wrong += std::pow(static_cast<double>(y[static_cast<size_t>(i * p.n + j)]) - sum, 2);
      all += sum * sum;
    }
    total += all > 0 ? wrong / all : 0;
  }
  return std::sqrt(total / static_cast<double>(p.m));
}

// As error(), of sums taken one after the other, which is what plain multiply-adds are.
double plain_error(const Problem& p) {
  std::vector<float> y;
  for (int64_t i = 0; i < p.m; ++i)
    for (int64_t j = 0; j < p.n; ++j) {
      float sum = 0;
      for (int64_t c = 0; c < p.k; ++c)
        sum =
            std::fma(p.x[static_cast<size_t>(i * p.k + c)], p.weight[static_cast<size_t>(j * p.k + c)], sum);
      y.push_back(sum);
    }
  return error(p, y);
}

struct Both {
  const isa::Kernels *plain, *inner;
  explicit operator bool() const { return plain && inner; }
};
Both both() {
  const Both b{kernels_for("avx512"), kernels_for("avx512+inner")};
  if (!b) MESSAGE("skipped: no AVX-512 here");
  return b;
}

}  // namespace

TEST_CASE("inner products: errors within 1.2 of plain multiply-adds, whatever the data") {
  const Both kernels = both();
  if (!kernels) return;
  struct Change {
    std::string name;
    double most;  // times the error of plain sums
    std::function<void(Problem&)> apply;
  };
  const Change changes[] = {
      {"normal", 1.2, [](Problem&) {}},
      {"one channel a hundred times the others", 1.2,
       [](Problem& p) {
         for (int64_t i = 0; i < p.m; ++i) p.at(i, 7) *= 100;
       }},
      {"one row a thousand times the others", 1.2,
       [](Problem& p) {
         for (int64_t c = 0; c < p.k; ++c) p.at(3, c) *= 1000;
       }},
      {"a mean of ten", 1.2,
       [](Problem& p) {
         for (float& x : p.x) x += 10;
       }},
      {"weights of one input channel a thousand times the others, which is small", 1.2,
       [](Problem& p) {
         for (int64_t j = 0; j < p.n; ++j) p.weight[static_cast<size_t>(j * p.k + 5)] *= 1000;
         for (int64_t i = 0; i < p.m; ++i) p.at(i, 5) /= 1000;
       }},
      // Half of the plain products are exact here: few of them make an error that is hard to match.
      {"no negative numbers", 1.8,
       [](Problem& p) {
         for (float& x : p.x) x = std::max(x, 0.f);
       }},
  };
  for (const Change& change : changes)
    for (int64_t k : {64, 200, 768, 2080}) {
      Problem p = normal(40, k, 64);
      change.apply(p);
      const double plain = plain_error(p), inner = error(p, product(p, *kernels.inner));
      INFO(change.name, ", k ", k, ": plain ", plain, ", inner ", inner);
      CHECK(inner <= change.most * plain);
    }
}

TEST_CASE("inner products: powers of two change nothing but the results' exponents") {
  const Both kernels = both();
  if (!kernels) return;
  const Problem p = normal(23, 320, 48);
  const std::vector<float> reference = product(p, *kernels.inner);
  for (int exponent : {-100, -12, -1, 1, 12, 100}) {
    Problem scaled = p;
    for (float& x : scaled.x) x = std::ldexp(x, exponent);
    const std::vector<float> y = product(scaled, *kernels.inner);
    int64_t wrong = 0;
    for (size_t i = 0; i < y.size(); ++i) wrong += y[i] != std::ldexp(reference[i], exponent);
    CAPTURE(exponent);
    CHECK(wrong == 0);
  }
}

TEST_CASE("inner products: infinities and NaNs stay in their rows and are PyTorch's, zeros give zeros") {
  const Both kernels = both();
  if (!kernels) return;
  const Problem whole = normal(41, 96, 50);
  const std::vector<float> reference = product(whole, *kernels.inner);
  Problem p = whole;
  p.at(3, 8) = kInfinity;
  p.at(20, 90) = -kInfinity;
  p.at(20, 1) = kInfinity;
  p.at(21, 40) = std::nanf("");
  p.at(22, 11) = 3e38f;
  for (int64_t c = 0; c < p.k; ++c) p.at(30, c) = 0;
  const std::vector<float> y = product(p, *kernels.inner), plain = product(p, *kernels.plain);
  int64_t neighbours = 0, others = 0, zeros = 0;
  for (int64_t i = 0; i < p.m; ++i)
    for (int64_t j = 0; j < p.n; ++j) {
      const auto at = static_cast<size_t>(i * p.n + j);
      if (i == 30) {
        zeros += y[at] != 0;
      } else if (i == 3 || (i >= 20 && i <= 22)) {
        const bool same = std::isnan(plain[at]) ? std::isnan(y[at])
                          : std::isinf(plain[at])
                              ? y[at] == plain[at]
                              : std::abs(y[at] - plain[at]) <= 1e-5f * std::abs(plain[at]);
        others += !same;
      } else {
        // Those in a tile with them go another way, by plain multiply-adds.
        neighbours += !(std::abs(y[at] - reference[at]) <= 4e-6f);
      }
    }
  CHECK(neighbours == 0);
  CHECK(others == 0);
  CHECK(zeros == 0);

  Problem weights = whole;
  weights.weight[static_cast<size_t>(5 * weights.k + 17)] = kInfinity;
  weights.weight[static_cast<size_t>(9 * weights.k + 2)] = std::nanf("");
  const std::vector<float> a = product(weights, *kernels.inner), b = product(weights, *kernels.plain);
  int64_t wrong = 0;
  for (size_t i = 0; i < a.size(); ++i)
    wrong += std::isnan(b[i])   ? !std::isnan(a[i])
             : std::isinf(b[i]) ? a[i] != b[i]
                                : !(std::abs(a[i] - b[i]) <= 4e-6f);
  CHECK(wrong == 0);
}

namespace {

// A 3x3 convolution of an image of 32 channels whose pixels are multiplied by `size`(y, x).
std::vector<float> winograd(WinogradTile tile, const std::vector<float>& x, const std::vector<float>& weight,
                            const isa::Kernels& kernels) {
  test::HeapPacks packs;
  const Image image{1, 13, 14, 64, 64};
  const auto op = make_winograd(tile, image, image, 1, 1, weight.data(), {}, kernels, packs);
  std::vector<float> y(static_cast<size_t>(image.rows() * image.c));
  test::run_all(*op, {x.data(), nullptr}, {y.data()});
  return y;
}

double winograd_error(WinogradTile tile, const std::vector<float>& x, const std::vector<float>& weight,
                      const isa::Kernels& kernels) {
  const std::vector<float> y = winograd(tile, x, weight, kernels);
  double wrong = 0, all = 0;
  for (int64_t row = 0; row < 13; row += 4)
    for (int64_t column = 0; column < 14; column += 3)
      for (int64_t n = 0; n < 64; n += 5) {
        double sum = 0;
        for (int64_t t = 0; t < 9; ++t) {
          const int64_t iy = row + t / 3 - 1, ix = column + t % 3 - 1;
          if (iy < 0 || iy >= 13 || ix < 0 || ix >= 14) continue;
          for (int64_t c = 0; c < 64; ++c)
            sum += static_cast<double>(x[static_cast<size_t>((iy * 14 + ix) * 64 + c)]) *
                   static_cast<double>(weight[static_cast<size_t>((n * 64 + c) * 9 + t)]);
        }
        wrong += std::pow(static_cast<double>(y[static_cast<size_t>((row * 14 + column) * 64 + n)]) - sum, 2);
        all += sum * sum;
      }
  return std::sqrt(wrong / all);
}

}  // namespace

TEST_CASE("inner products: Winograd's convolution with them within 1.2 of that without") {
  const Both kernels = both();
  if (!kernels) return;
  for (const WinogradTile tile : {WinogradTile::f23, WinogradTile::f43})
    for (const std::string data :
         {"normal", "rectified", "a mean", "channels of many sizes", "small", "large"}) {
      Problem p = normal(13 * 14, 64, 64 * 9, 7);
      for (int64_t i = 0; i < p.m; ++i)
        for (int64_t c = 0; c < p.k; ++c) {
          float& x = p.at(i, c);
          const std::string_view kind = data;
          if (kind == "rectified") x = std::max(x, 0.f);
          if (kind == "a mean") x += 3;
          if (kind == "channels of many sizes") x *= std::ldexp(1.f, static_cast<int>(c % 7));
          if (kind == "small") x = std::ldexp(x, -12);
          if (kind == "large") x = std::ldexp(x, 12);
        }
      const double plain = winograd_error(tile, p.x, p.weight, *kernels.plain),
                   inner = winograd_error(tile, p.x, p.weight, *kernels.inner);
      INFO(data, tile == WinogradTile::f43 ? ", 4x4" : ", 2x2", ": plain ", plain, ", inner ", inner);
      CHECK(inner <= 1.2 * plain);
    }
}

TEST_CASE("inner products: chosen by what is known of the CPU, or by timing") {
  CHECK(known_add_pipes("AuthenticAMD", 0x19) == true);
  CHECK(known_add_pipes("AuthenticAMD", 0x1a) == true);
  CHECK(known_add_pipes("AuthenticAMD", 0x17) == false);
  CHECK(known_add_pipes("GenuineIntel", 6) == false);
  CHECK(!known_add_pipes("Somebody", 1));
  const Both kernels = both();
  if (!kernels) return;
  const bool faster = has_add_pipes(*kernels.inner);
  CHECK(all_kernels().front().name == std::string(faster ? "avx512+inner" : "avx512"));
}
