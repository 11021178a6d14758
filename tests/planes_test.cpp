// The kernels for planes at every level of this machine, and what eager convolutions, products and pooling make of them: whole numbers, so
// that every tail is exact.
#include <sconce/kernel_args.h>

#include <cmath>

#include "cpu/isa/planes.h"
#include "cpu/isa_choice.h"
#include "cpu/spare_blocks.h"
#include "support/support.h"

using namespace sconce;

namespace {

// -3 to 3, from a place and a seed.
float small(int64_t i, int64_t seed) { return static_cast<float>((i * 7919 + seed * 104729) % 7919 % 7 - 3); }

std::vector<float> numbers(int64_t n, int64_t seed) {
  std::vector<float> v(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) v[static_cast<size_t>(i)] = small(i, seed);
  return v;
}

Tensor filled(const Shape& shape, int64_t seed) {
  Tensor t = empty(shape, DType::f32);
  for (int64_t i = 0; i < t.numel(); ++i) t.mutable_data<float>()[i] = small(i, seed);
  return t;
}

// The definition, in double.
Tensor plain_conv(const Tensor& x, const Tensor& w, const Tensor& bias, Pair stride, Pair padding,
                  Pair dilation, int64_t groups, const Shape& shape) {
  Tensor y = empty(shape, DType::f32);
  const int64_t c = w.size(1), per_group = w.size(0) / groups;
  float* out = y.mutable_data<float>();
  for (int64_t n = 0; n < y.size(0); ++n)
    for (int64_t o = 0; o < y.size(1); ++o)
      for (int64_t i = 0; i < y.size(2); ++i)
        for (int64_t j = 0; j < y.size(3); ++j) {
          double sum = bias.defined() ? static_cast<double>(bias.data<float>()[o]) : 0;
          for (int64_t k = 0; k < c; ++k)
            for (int64_t a = 0; a < w.size(2); ++a)
              for (int64_t b = 0; b < w.size(3); ++b) {
                const int64_t row = i * stride[0] - padding[0] + a * dilation[0],
                              column = j * stride[1] - padding[1] + b * dilation[1];
                if (row < 0 || row >= x.size(2) || column < 0 || column >= x.size(3)) continue;
                const int64_t channel = o / per_group * c + k;
                sum +=
                    static_cast<double>(
                        x.data<float>()[((n * x.size(1) + channel) * x.size(2) + row) * x.size(3) + column]) *
                    static_cast<double>(w.data<float>()[((o * c + k) * w.size(2) + a) * w.size(3) + b]);
              }
          *out++ = static_cast<float>(sum);
        }
  return y;
}

bool same_elements(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::equal(a.data<float>(), a.data<float>() + a.numel(), b.data<float>());
}

}  // namespace

TEST_CASE("planes: sums, maxima and affine maps of every length, at every level") {
  for (const isa::Kernels& k : all_kernels()) {
    CAPTURE(k.name);
    for (int64_t n = 1; n < 80; ++n) {
      CAPTURE(n);
      const auto x = numbers(n + 200, n), weight = numbers(9, 5);
      std::vector<const float*> taps;
      for (int64_t t = 0; t < 9; ++t) taps.push_back(x.data() + t * 5);
      std::vector<float> sum(static_cast<size_t>(n + 1), 99.F), most = sum, line = sum;
      k.planes->weighted_sum(taps.data(), weight.data(), 9, 2.F, sum.data(), n);
      k.planes->largest(taps.data(), 9, most.data(), n);
      k.planes->affine(x.data(), 3.F, -1.F, line.data(), n);
      for (int64_t i = 0; i < n; ++i) {
        float s = 2, m = -INFINITY;
        for (size_t t = 0; t < 9; ++t) s += weight[t] * taps[t][i], m = std::max(m, taps[t][i]);
        REQUIRE(sum[static_cast<size_t>(i)] == s);
        REQUIRE(most[static_cast<size_t>(i)] == m);
        REQUIRE(line[static_cast<size_t>(i)] == 3 * x[static_cast<size_t>(i)] - 1);
      }
      CHECK((sum.back() == 99.F && most.back() == 99.F && line.back() == 99.F));
    }
    const float nan[] = {1, NAN, 3, 4}, more[] = {NAN, 2, 2, 5};
    std::vector<float> a(64, 0.F), b(64, 0.F), y(4);
    std::copy_n(nan, 4, a.begin()), std::copy_n(more, 4, b.begin());
    const float* both[] = {a.data(), b.data()};
    k.planes->largest(both, 2, y.data(), 4);
    CHECK((std::isnan(y[0]) && std::isnan(y[1]) && y[2] == 3 && y[3] == 5));
  }
}

TEST_CASE("planes: few rows times a matrix as it lies, at every level") {
  for (const isa::Kernels& k : all_kernels())
    for (int64_t rows = 1; rows <= isa::kFewRows; ++rows)
      for (int64_t depth : {1, 3, 8, 17, 40})
        for (int64_t n : {1, 2, 5, 16, 19}) {
          CAPTURE(k.name);
          const auto a = numbers(rows * depth, 1), b = numbers(n * depth, 2);
          std::vector<float> by_rows(static_cast<size_t>(rows * n), 99.F), by_columns = by_rows;
          k.planes->few_by_rows({a.data(), depth, rows, depth, b.data(), depth, n, by_rows.data(), n});
          k.planes->few_by_columns({a.data(), depth, rows, depth, b.data(), n, n, by_columns.data(), n});
          for (int64_t i = 0; i < rows; ++i)
            for (int64_t j = 0; j < n; ++j) {
              float r = 0, c = 0;
              for (int64_t d = 0; d < depth; ++d) {
                r += a[static_cast<size_t>(i * depth + d)] * b[static_cast<size_t>(j * depth + d)];
                c += a[static_cast<size_t>(i * depth + d)] * b[static_cast<size_t>(d * n + j)];
              }
              REQUIRE(by_rows[static_cast<size_t>(i * n + j)] == r);
              REQUIRE(by_columns[static_cast<size_t>(i * n + j)] == c);
            }
        }
}

TEST_CASE("planes: eager convolutions of all kinds are exact in whole numbers") {
  struct Case {
    int64_t n, c, h, w, out, kh, kw, groups;
    Pair stride, padding, dilation;
  };
  const Case cases[] = {
      {2, 3, 9, 11, 7, 3, 3, 1, {1, 1}, {1, 1}, {1, 1}},
      {1, 5, 7, 7, 30, 1, 1, 1, {1, 1}, {0, 0}, {1, 1}},
      {1, 6, 8, 9, 5, 1, 1, 1, {2, 2}, {0, 0}, {1, 1}},
      {1, 3, 23, 25, 9, 7, 7, 1, {2, 2}, {3, 3}, {1, 1}},
      {1, 4, 12, 13, 8, 3, 5, 2, {3, 2}, {2, 4}, {2, 3}},
      {2, 6, 10, 10, 6, 3, 3, 6, {1, 1}, {1, 1}, {1, 1}},
      {1, 4, 11, 9, 12, 5, 3, 4, {2, 3}, {2, 1}, {1, 2}},
      {1, 40, 5, 3, 26, 3, 3, 1, {1, 1}, {1, 1}, {1, 1}},
      {1, 3, 1, 70, 25, 1, 9, 1, {1, 4}, {0, 6}, {1, 1}},
      {3, 2, 4, 4, 2, 4, 4, 1, {4, 4}, {0, 0}, {1, 1}},
      {1, 300, 6, 50, 49, 1, 1, 1, {1, 1}, {0, 0}, {1, 1}},
      {1, 8, 6, 6, 8, 3, 3, 8, {2, 2}, {0, 0}, {1, 1}},
      {1, 3, 5, 5, 4, 3, 3, 1, {1, 1}, {4, 5}, {1, 1}},
  };
  for (const Case& c : cases)
    for (const bool with_bias : {false, true}) {
      CAPTURE(c.h);
      const Tensor x = filled({c.n, c.c, c.h, c.w}, 1), w = filled({c.out, c.c / c.groups, c.kh, c.kw}, 2);
      const Tensor bias = with_bias ? filled({c.out}, 3) : Tensor();
      const Tensor y = conv2d(x, w, bias, std::vector<int64_t>{c.stride[0], c.stride[1]},
                              Sizes(std::vector<int64_t>{c.padding[0], c.padding[1]}),
                              std::vector<int64_t>{c.dilation[0], c.dilation[1]}, c.groups);
      CHECK(same_elements(y, plain_conv(x, w, bias, c.stride, c.padding, c.dilation, c.groups, y.shape())));
    }
}

TEST_CASE("planes: eager products are exact for every tail, and the same for any number of threads") {
  const int threads = num_threads();
  for (int64_t m : {1, 4, 5, 23, 24, 25, 50})
    for (int64_t k : {1, 7, 256, 300})
      for (int64_t n : {1, 8, 17, 31, 300}) {
        CAPTURE(n);
        const Tensor a = filled({m, k}, 1), b = filled({k, n}, 2), bias = filled({n}, 3);
        const Tensor reference = matmul(a.to(DType::f64), b.to(DType::f64)).to(DType::f32);
        CHECK(same_elements(matmul(a, b), reference));
        CHECK(same_elements(matmul(a, b.t().contiguous().t()), reference));
        CHECK(same_elements(matmul(a.t().contiguous().t(), b), reference));
        CHECK(same_elements(addmm(bias, a, b), add(reference, bias)));
        CHECK(same_elements(addmm(bias, a, b, 2, 3), add(mul(reference, 3), mul(bias, 2))));
        set_num_threads(3);
        const Tensor x = mul(a, 0.37), many = matmul(x, b);
        set_num_threads(1);
        CHECK(same_elements(many, matmul(x, b)));
        set_num_threads(threads);
      }
}

TEST_CASE("planes: a transpose moves every element, NaN's bits too") {
  for (int64_t rows : {3, 4, 9, 40})
    for (int64_t columns : {4, 7, 33}) {
      Tensor x = filled({2, rows, columns}, 1);
      x.mutable_data<float>()[5] = NAN;
      const Tensor y = x.transpose(1, 2).contiguous();
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j) {
            const float from = x.data<float>()[(n * rows + i) * columns + j],
                        to = y.data<float>()[(n * columns + j) * rows + i];
            REQUIRE((from == to || (std::isnan(from) && std::isnan(to))));
          }
    }
}

TEST_CASE("spare blocks: come back, fit, and stay within their bound") {
  const auto spares = std::make_shared<SpareBlocks>(size_t{1} << 20);
  auto block = spares->allocate(100'000);
  void* const first = block.get();
  block.reset();
  CHECK(spares->allocate(90'000).get() == first);  // nobody had it
  const auto held = spares->allocate(100'000);
  CHECK(held.get() != spares->allocate(100'000).get());              // held blocks are nobody else's
  auto orphan = std::make_shared<SpareBlocks>(1)->allocate(70'000);  // outlives its owner
  static_cast<char*>(orphan.get())[69'999] = 1;
}
