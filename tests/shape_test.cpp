#include <doctest/doctest.h>
#include <sconce/error.h>
#include <sconce/shape.h>

using namespace sconce;

TEST_CASE("shape: strides, counts and wrapping") {
  CHECK(Shape{2, 3, 4}.contiguous_strides() == Strides{12, 4, 1});
  CHECK(Shape{2, 0, 4}.contiguous_strides() == Strides{4, 4, 1});
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{2, 0}.numel() == 0);
  CHECK(Shape{2, 3}[-1] == 3);
  CHECK(Shape{2, 3}.str() == "[2, 3]");
  CHECK_THROWS_WITH_AS((Shape{2, 3}[2]),
                       "Dimension out of range (expected to be in range of [-2, 1], but got 2)", Error);
  CHECK_THROWS_AS((Shape{-1}), Error);
  CHECK_THROWS_AS((Shape{int64_t{1} << 40, int64_t{1} << 40}.numel()), Error);
}

TEST_CASE("shape: broadcasting follows PyTorch") {
  CHECK(broadcast(Shape{3, 1}, Shape{4}) == Shape{3, 4});
  CHECK(broadcast(Shape{}, Shape{2, 0}) == Shape{2, 0});
  CHECK_THROWS_WITH_AS(
      broadcast(Shape{2, 3}, Shape{2, 4}),
      "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1", Error);
}
