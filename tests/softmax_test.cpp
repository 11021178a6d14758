// Softmax; its agreement with PyTorch over dtypes, dimensions and special values is in reduce_test.cpp's
// tables.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include <cmath>
#include <limits>

#include "support/ops_by_name.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("softmax: large elements, whole rows of -inf, and dtype") {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = tensor<float>({1000, 1000, -inf, -inf, inf, 1}).reshape({3, 2});
  const Tensor y = softmax(x, 1), z = log_softmax(x, 1);
  CHECK(y.data<float>()[0] == 0.5f);
  for (int i = 2; i < 6; ++i) CHECK(std::isnan(y.data<float>()[i]));
  CHECK(z.data<float>()[1] == doctest::Approx(std::log(0.5)));
  CHECK(log_softmax(tensor<float>({-inf, 1}), 0).data<float>()[0] == -inf);
  CHECK(softmax(tensor<int64_t>({1, 1}), 0, DType::f16).dtype() == DType::f16);
  CHECK(softmax(full({}, 3.0), 0).item() == 1);
  CHECK(softmax(empty({0, 3}), 1).shape() == Shape{0, 3});
  CHECK_THROWS_WITH_AS(softmax(tensor<int64_t>({1, 1}), 0), "[softmax] is not implemented for dtype int64",
                       Error);
  CHECK_THROWS_WITH_AS(softmax(x, 3),
                       "Dimension out of range (expected to be in range of [-2, 1], but got 3)", Error);
}

TEST_CASE("softmax: rows sum to 1, along any dimension") {
  const Tensor x = sin(arange(3 * 1500 * 2).to(DType::f32)).reshape({3, 1500, 2}) * 5;
  for (int64_t dim = 0; dim < 3; ++dim) {
    const Tensor total = sum(softmax(x, dim), dim), shifted = logsumexp(log_softmax(x, dim), dim);
    CHECK(amax(abs(total - 1)).item() < 1e-6);
    CHECK(amax(abs(shifted)).item() < 2e-6);
  }
}
