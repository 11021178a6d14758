// Padding against PyTorch.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include "support/ops_by_name.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("pad: every mode, positive and negative, on every dtype") {
  for (const auto& c : json_fixture("ops_pad.json")) {
    CAPTURE(c.dump().substr(0, 300));
    const Tensor x = tensor_from(c["x"]);
    std::optional<Scalar> value;
    if (c.contains("value")) value = scalar_from(c["value"]);
    CHECK(judge(c, [&] {
            return pad(x, c["pad"].get<std::vector<int64_t>>(), c["mode"].get<std::string>(), value);
          }) == "");
  }
}

TEST_CASE("pad: strided operands, values and refusals") {
  const Tensor x = arange(6).to(DType::f32).reshape({2, 3});
  const Tensor y = pad(x.t(), {1, 0}, "replicate");
  CHECK(bit_equal(y, tensor<float>({0, 0, 3, 1, 1, 4, 2, 2, 5}).reshape({3, 3})));
  CHECK(bit_equal(pad(tensor<int64_t>({1}), {1, 1}, "constant", 1.5), tensor<int64_t>({1, 1, 1})));
  CHECK(bit_equal(pad(x, {}), x));
  CHECK_THROWS_WITH_AS(pad(x, {1, 1, 1}), "Padding length must be divisible by 2", Error);
  CHECK_THROWS_WITH_AS(pad(x, {1, 1, 1, 1, 1, 1}),
                       "Padding length should be less than or equal to two times the input dimension but got "
                       "padding length 6 and "
                       "input of dimension 2",
                       Error);
  CHECK_THROWS_WITH_AS(pad(x, {1, 1}, "foo"), "Unrecognised padding mode foo", Error);
  CHECK_THROWS_WITH_AS(pad(x, {1, 1}, "reflect", 5),
                       "Padding mode \"reflect\" doesn't take in value argument", Error);
  CHECK_THROWS_WITH_AS(pad(ones({3}), {1, 1}, "reflect"),
                       "Padding size 2 is not supported for 1D input tensor.", Error);
  CHECK_THROWS_WITH_AS(pad(x, {4, 0}, "circular"), "Padding value causes wrapping around more than once.",
                       Error);
  CHECK_THROWS_AS(pad(x, {int64_t{1} << 62, int64_t{1} << 62}), Error);
}
