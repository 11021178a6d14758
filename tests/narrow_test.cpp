// Plans that keep weights as bf16, f16 or int8: PyTorch's numbers with weights rounded so, whole models, files of packed weights.
#include <doctest/doctest.h>
#include <sconce/error.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>

#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("narrow weights: what PyTorch computes with weights rounded first") {
  for (const auto& c : json_fixture("narrow.json")) {
    const Precision precision = parse_precision(c.at("precision").get<std::string>());
    CAPTURE(c.at("model").get<std::string>());
    CAPTURE(name_of(precision));
    const auto model = nn::make_model(c.at("model").get<std::string>());
    fill(*model);
    const Tensor x = seeded("input", Shape(c.at("input").get<std::vector<int64_t>>())),
                 expected = tensor_from(c.at("output"));
    const Plan plan = prepare(*model, x, {.precision = precision});
    CHECK(max_difference(plan(x), expected) <= 1e-6 * max_magnitude(expected));
    const Plan wide = prepare(*model, x, {.winograd = false});
    CHECK(max_difference(wide(x), expected) > 1e-4 * max_magnitude(expected));  // so the weights matter
    CHECK(plan.describe().find(name_of(precision)) != std::string::npos);
    CHECK(wide.describe().find(name_of(precision)) == std::string::npos);
    CHECK(plan.profile(x, 1).steps.back().precision == name_of(precision));
  }
  CHECK_THROWS_WITH_AS(parse_precision("bfloat16"),
                       "[prepare] expected a precision of f32, bf16, f16 or int8, got bfloat16", Error);
}

TEST_CASE("narrow weights: whole models stay near f32, with the same bits for any number of threads") {
  struct Case {
    const char* model;
    Shape shape;
    double f16, bf16, int8;  // largest differences over largest logits, times about two
  };
  for (const Case& c : {Case{"cifar_resnet20", {2, 3, 32, 32}, 6e-4, 6e-3, 1.2e-2},
                        Case{"mobilenet_v3_small", {1, 3, 64, 64}, 7e-4, 6e-3, 1.5e-2},
                        Case{"LSTM(24, 40, num_layers=2, batch_first=True)", {2, 9, 24}, 1e-3, 8e-3, 1e-2}}) {
    CAPTURE(c.model);
    const auto model = nn::make_model(c.model);
    fill(*model);
    const Tensor x = seeded("input", c.shape), expected = (*model)(x);
    for (const auto& [precision, error] :
         {std::pair(Precision::f16, c.f16), {Precision::bf16, c.bf16}, {Precision::int8, c.int8}}) {
      const char* name = name_of(precision);  // clang 14 captures no structured binding
      CAPTURE(name);
      const Plan one = prepare(*model, x, {.threads = 1, .precision = precision});
      const Tensor got = one(x);
      CHECK(max_difference(got, expected) / max_magnitude(expected) <= error);
      CHECK(bit_equal(prepare(*model, x, {.threads = 3, .precision = precision})(x), got));
      CHECK(one.packed_bytes() < prepare(*model, x, {.winograd = false}).packed_bytes());
      CHECK(one.interpreted_steps() == 0);
    }
  }
}

TEST_CASE("narrow weights: they are saved, mapped back, and not taken for others") {
  const auto model = nn::make_model("Sequential(Linear(50, 70), ReLU(), Linear(70, 19))");
  fill(*model);
  const Tensor x = seeded("input", {3, 50});
  const std::string path = (scratch_folder() / "narrow.packed").string();
  for (Precision precision : {Precision::bf16, Precision::f16, Precision::int8}) {
    const Plan plan = prepare(*model, x, {.precision = precision});
    plan.save_packed(path);
    const Plan again = prepare(*model, x, {.precision = precision, .packed_path = path});
    CHECK(again.notice() == "");
    CHECK(bit_equal(again(x), plan(x)));
    const Plan other = prepare(*model, x, {.packed_path = path});
    CHECK(other.notice().find("other weights, shapes or options") != std::string::npos);
    CHECK(bit_equal(other(x), prepare(*model, x)(x)));
  }
}

TEST_CASE("narrow weights: what cannot be kept is an error") {
  const auto model = nn::make_model("Sequential(Linear(5, 7))");
  fill(*model);
  for (const auto& [key, tensor] : model->named_parameters())
    if (key == "0.weight") Tensor(tensor).mutable_data<float>()[3] = 1e5f;
  const Tensor x = seeded("input", {3, 5});
  CHECK_THROWS_WITH_AS(prepare(*model, x, {.precision = Precision::f16}),
                       "[prepare] expected weights within 65504, which is all that f16 holds, got 100000",
                       Error);
  prepare(*model, x, {.precision = Precision::bf16});
  CHECK_THROWS_AS(prepare(*model, x, {.precision = Precision::bf16, .check = true}), Error);
}
