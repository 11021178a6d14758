// Casts between all numeric dtypes against real PyTorch's Tensor.to().
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "support/support.h"

using namespace sconce;

namespace {

// Every other element of a tensor twice as long, so that the strided loop casts too.
Tensor spread(const Tensor& x) {
  Tensor wide = empty(Shape{x.numel(), 2}, x.dtype());
  Tensor column = wide.select(1, 0);
  column.copy_(x);
  return column;
}

}  // namespace

TEST_CASE("cast: every numeric dtype to every other, bit for bit") {
  const nlohmann::json all = test::json_fixture("cast.json");
  int pairs = 0;
  for (const auto& c : all["casts"]) {
    const auto from = c["from"].get<std::string>(), to = c["to"].get<std::string>();
    CAPTURE(from);
    CAPTURE(to);
    const Tensor source = test::tensor_from(all["sources"][from]), expected = test::tensor_from(c["out"]);
    const auto unstable = c["unstable"].get<std::set<int64_t>>();
    const Tensor dense = source.to(expected.dtype()), strided = spread(source).to(expected.dtype());
    REQUIRE(dense.shape() == expected.shape());
    CHECK(test::bit_equal(dense, strided));
    std::string wrong;
    for (int64_t i = 0; i < dense.numel(); ++i)
      if (!unstable.contains(i) && !test::bit_equal(dense[i], expected[i])) wrong += " " + std::to_string(i);
    CHECK(wrong == "");
    ++pairs;
  }
  CHECK(pairs == 21 * 20);
}

TEST_CASE("cast: what C++ leaves undefined has one result") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(test::bit_equal(tensor<double>({-1, -1e10, 1e10, -4294967297.0, nan, 1e300}).to(DType::u32),
                        tensor<uint32_t>({4294967295u, 2884901888u, 1410065408u, 4294967295u, 0, 0})));
  const Tensor b = tensor<double>({nan, -nan}).to(DType::bf16);
  CHECK(b.data<BFloat16>()[0].bits == 0x7fc0);
  CHECK(b.data<BFloat16>()[1].bits == 0x7fc0);
}

TEST_CASE("cast: dtypes without numbers do not cast") {
  const Tensor q = empty({2}, DType::qint8);
  CHECK_THROWS_WITH_AS(q.to(DType::f32), "[to] is not implemented for dtype qint8", Error);
  CHECK_THROWS_WITH_AS(ones({2}).to(DType::bits8), "[to] is not implemented for dtype bits8", Error);
  CHECK_THROWS_WITH_AS(ones({2}).to(DType::f4_e2m1fn_x2),
                       "[to] is not implemented for dtype float4_e2m1fn_x2", Error);
  CHECK(q.to(DType::qint8).is_same_view(q));
}
