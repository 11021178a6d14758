// Whole models, prepared, against the eager ops: small ones of every family, several batches and sizes, any number of threads.
#include <doctest/doctest.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>

#include <algorithm>
#include <memory>

#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

Tensor images(const Shape& shape) {
  Tensor t = empty(shape);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<float>()[i] =
        static_cast<float>(2 * seeded_uniform(fnv1a("images"), static_cast<uint64_t>(i)) - 1);
  return t;
}

double relative(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  return max_difference(got, expected) / max_magnitude(expected);
}

// Prepared for the first input, run on all; the same bits with any number of threads; nothing left to the eager ops.
void check_model(const std::string& name, nn::Module& model, const std::vector<Tensor>& inputs,
                 double tolerance = 5e-5) {
  CAPTURE(name);
  fill(model);
  const Plan one = prepare(model, inputs[0], {.threads = 1}),
             direct = prepare(model, inputs[0], {.threads = 1, .winograd = false});
  CHECK(one.interpreted_steps() == 0);
  for (const Tensor& x : inputs) {
    CAPTURE(x.shape());
    const Tensor expected = model(x), got = one(x);
    CHECK(relative(got, expected) <= tolerance);
    CHECK(relative(direct(x), expected) <= 1e-5);
    CHECK(bit_equal(one(x), got));  // memory that was used before changes nothing
  }
  const bool large = model.num_parameters() > 10'000'000;  // one count of threads is enough there
  for (int threads : large ? std::vector<int>{3} : std::vector<int>{2, 3, 7})
    CHECK(bit_equal(prepare(model, inputs[0], {.threads = threads})(inputs[0]), one(inputs[0])));
}

void check_named(const std::string& name, const std::vector<Tensor>& inputs) {
  const auto model = nn::make_model(name);
  check_model(name, *model, inputs);
}

}  // namespace

TEST_CASE("prepared models: residual networks") {
  check_named("cifar_resnet20", {images({3, 3, 32, 32}), images({1, 3, 32, 32}), images({2, 3, 30, 35})});
  check_named("resnet18", {images({1, 3, 64, 64}), images({3, 3, 61, 67})});
  check_named("resnet50", {images({1, 3, 64, 64}), images({3, 3, 33, 40})});
  check_named("lenet", {images({1, 1, 32, 32}), images({5, 1, 32, 32})});
}

TEST_CASE("prepared models: dense and mobile networks") {
  check_named("densenet121", {images({1, 3, 64, 64}), images({3, 3, 65, 70})});
  check_named("mobilenet_v2", {images({1, 3, 64, 64}), images({3, 3, 65, 70})});
  check_named("mobilenet_v3_small", {images({1, 3, 64, 64}), images({3, 3, 65, 70})});
  check_named("efficientnet_b0", {images({1, 3, 64, 64}), images({3, 3, 65, 70})});
  check_named("squeezenet1_1", {images({1, 3, 64, 64}), images({3, 3, 65, 70})});
  check_named("shufflenet_v2_x1_0", {images({1, 3, 64, 64}), images({3, 3, 65, 70})});
}

TEST_CASE("prepared models: transformers and their like") {
  nn::ConvNeXt convnext({{16, 32, 64, 96}, {2, 1, 2, 1}, 0.1, 10});
  check_model("convnext", convnext, {images({1, 3, 64, 64}), images({3, 3, 65, 97})});
  nn::VisionTransformer vit({64, 16, 2, 4, 128, 256, 50});
  check_model("vit", vit, {images({1, 3, 64, 64}), images({3, 3, 64, 64})});
  nn::SwinTransformer swin({32, {2, 2, 2, 1}, {2, 4, 8, 8}, 7, 0.2, 10});
  check_model("swin", swin, {images({1, 3, 112, 112}), images({2, 3, 100, 120})});
  nn::BertModel bert({100, 64, 2, 4, 128, 32, 2, 1e-12});
  check_model("bert", bert, {seeded_tokens({1, 17}, 100), seeded_tokens({3, 32}, 100)});
  nn::GPT2LMHeadModel gpt2({100, 64, 96, 2, 4, 1e-5});
  check_model("gpt2", gpt2, {seeded_tokens({1, 17}, 100), seeded_tokens({3, 33}, 100)});
}

TEST_CASE("prepared models: layers in a row") {
  check_named("Sequential(Flatten(), Linear(30, 64), GELU(), Linear(64, 10))",
              {images({1, 5, 6}), images({9, 5, 6})});
  check_named(
      "Sequential(ConvTranspose2d(3, 8, 2, stride=2), BatchNorm2d(8), ReLU(), Conv2d(8, 4, 3, padding=1), "
      "Sigmoid())",
      {images({1, 3, 9, 11}), images({2, 3, 8, 8})});
  check_named("Sequential(Conv1d(3, 8, 5, padding=2), ReLU(), Conv1d(8, 4, 3, stride=2))",
              {images({1, 3, 40}), images({3, 3, 33})});
}
