// Losses against torch.nn.functional.
#include <doctest/doctest.h>
#include <sconce/nn/metrics.h>
#include <sconce/ops/create.h>

#include "support/support.h"

using namespace sconce;
using namespace sconce::nn::metrics;
using nlohmann::json;

namespace {

Reduction reduction_of(const json& options) {
  const std::string name = options.value("reduction", "mean");
  return name == "mean" ? Reduction::mean : name == "sum" ? Reduction::sum : Reduction::none;
}

Tensor option(const json& options, const char* name) {
  return options.contains(name) ? test::tensor_from(options[name]) : Tensor();
}

Tensor run(const json& c) {
  const Tensor x = test::tensor_from(c["input"]), y = test::tensor_from(c["target"]);
  const json& o = c["options"];
  const std::string fn = c["fn"];
  if (fn == "cross_entropy") {
    CrossEntropyOptions options;
    options.weight = option(o, "weight");
    options.ignore_index = o.value("ignore_index", int64_t{-100});
    options.reduction = reduction_of(o);
    options.label_smoothing = o.value("label_smoothing", 0.0);
    return cross_entropy(x, y, options);
  }
  if (fn == "nll_loss") {
    NllOptions options;
    options.weight = option(o, "weight");
    options.reduction = reduction_of(o);
    return nll_loss(x, y, options);
  }
  BinaryCrossEntropyOptions options;
  options.weight = option(o, "weight");
  options.pos_weight = option(o, "pos_weight");
  options.reduction = reduction_of(o);
  if (fn == "binary_cross_entropy") return binary_cross_entropy(x, y, options);
  if (fn == "binary_cross_entropy_with_logits") return binary_cross_entropy_with_logits(x, y, options);
  if (fn == "mse_loss") return mse_loss(x, y, reduction_of(o));
  REQUIRE(fn == "l1_loss");
  return l1_loss(x, y, reduction_of(o));
}

double epsilon(DType dtype) {
  switch (dtype) {
    case DType::f64: return 0x1p-52;
    case DType::f32: return 0x1p-23;
    case DType::f16: return 0x1p-10;
    default: return 0x1p-7;
  }
}

}  // namespace

TEST_CASE("losses are as near to the float64 value as torch's") {
  size_t number = 0;
  for (const json& c : test::json_fixture("losses.json")) {
    ++number;
    CAPTURE(number);
    CAPTURE(c["fn"].get<std::string>());
    CAPTURE(c["options"].value("reduction", ""));
    CAPTURE(c["input"]["dtype"].get<std::string>());
    const Tensor ours = run(c), expected = test::tensor_from(c["expected"]),
                 torch = test::tensor_from(c["torch"]);
    CHECK(ours.dtype() == torch.dtype());
    REQUIRE(ours.shape() == torch.shape());
    // For double, torch's own value stands for the exact one, so its rounding counts too.
    const double slack = epsilon(ours.dtype()) * (ours.dtype() == DType::f64 ? 4 : 1);
    const double allowed = 2 * test::max_difference(torch, expected) + slack * test::max_magnitude(expected);
    CHECK(test::max_difference(ours, expected) <= allowed);
  }
  CHECK(number > 100);
}

TEST_CASE("losses read any strides") {
  const Tensor x = tensor(std::vector<float>{1, 2, 3, 4, 5, 6}, Shape{3, 2});
  const Tensor turned(x.storage(), DType::f32, Shape{2, 3}, Strides{1, 2});
  const Tensor dense = tensor(std::vector<float>{1, 3, 5, 2, 4, 6}, Shape{2, 3});
  const Tensor y = tensor<int64_t>({2, 0});
  CHECK(test::bit_equal(cross_entropy(turned, y), cross_entropy(dense, y)));
}

TEST_CASE("losses refuse what torch refuses") {
  const Tensor x = zeros(Shape{2, 3});
  CHECK_THROWS_WITH_AS(cross_entropy(x, tensor<int64_t>({0, 3})), "Target 3 is out of bounds.", Error);
  CHECK_THROWS_WITH_AS(cross_entropy(x, tensor<int64_t>({0, -1})), "Target -1 is out of bounds.", Error);
  CHECK_THROWS_AS(cross_entropy(x, tensor<int64_t>({0})), Error);
  CHECK_THROWS_AS(cross_entropy(x, zeros(Shape{2, 4})), Error);
  CHECK_THROWS_AS(cross_entropy(zeros(Shape{2, 3}, DType::i64), tensor<int64_t>({0, 1})), Error);
  CHECK_THROWS_AS(cross_entropy(x, tensor<int64_t>({0, 1}), {ones(Shape{2}), -100, Reduction::mean, 0}),
                  Error);
  CHECK_THROWS_AS(cross_entropy(x, tensor<int64_t>({0, 1}), {Tensor(), -100, Reduction::mean, 1.5}), Error);
  CHECK_THROWS_AS(cross_entropy(Tensor(), tensor<int64_t>({0, 1})), Error);
  CHECK_THROWS_AS(nll_loss(x, x), Error);
  CHECK_THROWS_WITH_AS(binary_cross_entropy(full(Shape{2}, 1.5), zeros(Shape{2})),
                       "all elements of input should be between 0 and 1", Error);
  CHECK_THROWS_AS(binary_cross_entropy(zeros(Shape{2}), zeros(Shape{3})), Error);
  CHECK_THROWS_AS(mse_loss(zeros(Shape{2}), zeros(Shape{3})), Error);
}
