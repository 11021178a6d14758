#include <doctest/doctest.h>
#include <sconce/ops.h>

#include "support/support.h"

using namespace sconce;

TEST_CASE("copy: strided on both sides, and casting") {
  const Tensor x = tensor<int32_t>({0, 1, 2, 3, 4, 5}).view({2, 3});
  CHECK(test::bit_equal(x.t().clone(), tensor<int32_t>({0, 3, 1, 4, 2, 5}).view({3, 2})));
  Tensor y = zeros({3, 2});
  y.t().copy_(x);
  CHECK(test::bit_equal(y, tensor<float>({0, 3, 1, 4, 2, 5}).view({3, 2})));
}
