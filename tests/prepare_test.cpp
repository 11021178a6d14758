// prepare(): plans give the numbers of the eager ops, whatever is recorded.
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>
#include <sconce/threads.h>

#include <atomic>
#include <thread>

#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

Tensor noise(const Shape& shape, uint64_t seed) {
  Tensor t = empty(shape);
  const uint64_t hash = fnv1a(std::to_string(seed));
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<float>()[i] = static_cast<float>(2 * seeded_uniform(hash, static_cast<uint64_t>(i)) - 1);
  return t;
}

using Function = Plan::Function;

// The plan's results against the function's own, as a part of the largest element.
double error_of(const Function& f, const std::vector<Tensor>& inputs, const PrepareOptions& options = {}) {
  const std::vector<Tensor> expected = f(inputs), got = prepare(f, inputs, options)(inputs);
  REQUIRE(got.size() == expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    REQUIRE(got[i].shape() == expected[i].shape());
    REQUIRE(got[i].dtype() == expected[i].dtype());
    worst =
        std::max(worst, max_difference(got[i], expected[i]) / std::max(max_magnitude(expected[i]), 1e-30));
  }
  return worst;
}

}  // namespace

TEST_CASE("prepare: views of all kinds, writes, several inputs and outputs") {
  const Function f = [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor x = in[0].permute({0, 2, 1}).reshape({2, 12});
    Tensor y = x + in[1].unsqueeze(0);
    relu_(y);
    const auto parts = split(y, 5, 1);
    const Tensor z = cat({parts[1], parts[0].slice(1, 0, 4, 2), parts[2]}, 1);
    return {z,
            y.view({4, 6}).t(),
            in[0],
            in[0].flatten(),
            max(z, 1).indices,
            z.expand({3, 2, 9}),
            y.select(1, 3)};
  };
  const std::vector<Tensor> inputs = {noise({2, 3, 4}, 1), noise({12}, 2)};
  CHECK(error_of(f, inputs) == 0);
  CHECK(error_of(f, inputs, {.check = true}) == 0);
  CHECK(error_of(f, inputs, {.optimize = false}) == 0);
}

TEST_CASE("prepare: concatenated images are written where they belong") {
  const Tensor w = noise({8, 4, 3, 3}, 3), b = noise({8}, 4), w2 = noise({4, 20, 1, 1}, 5);
  const Function f = [=](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor x = relu(in[0]);
    const Tensor one = conv2d(x, w, b, 1, 1);
    const Tensor both = cat({x, one}, 1);
    const Tensor two = conv2d(relu(both), cat({w, w, w}, 1), b, 1, 1);
    const Tensor all = cat({x, one, two}, 1);
    return {conv2d(all, w2), cat({one, one}, 1), all};
  };
  CHECK(error_of(f, {noise({2, 4, 7, 5}, 6)}) < 1e-5);
}

TEST_CASE("prepare: new shapes are planned on first use, and the last few are kept") {
  const Tensor w = noise({5, 12}, 7);
  int recorded = 0;
  const Plan plan = prepare(Function([&](const std::vector<Tensor>& in) -> std::vector<Tensor> {
                              ++recorded;
                              return {relu(linear(in[0], w))};
                            }),
                            {noise({1, 12}, 8)});
  CHECK(recorded == 1);
  for (int round = 0; round < 2; ++round)
    for (int64_t n : {1, 2, 3, 2, 1, 7}) {
      const Tensor x = noise({n, 12}, 9);
      CHECK(max_difference(plan(x), relu(linear(x, w))) < 1e-5);
    }
  CHECK(recorded == 4);
  for (int64_t n = 10; n < 20; ++n) plan(noise({n, 12}, 9));
  CHECK(recorded == 14);
  plan(noise({19, 12}, 9));
  CHECK(recorded == 14);
  plan(noise({2, 12}, 9));
  CHECK(recorded == 15);
}

TEST_CASE("prepare: what it refuses, with the words of the op") {
  const Tensor x = noise({2, 3}, 1), w = noise({2, 3}, 2);
  const auto words = [&](const Function& f) -> std::string {
    try {
      prepare(f, {x});
    } catch (const Error& e) {
      return e.what();
    }
    return "nothing";
  };
  CHECK(words([](const std::vector<Tensor>& in) -> std::vector<Tensor> {
          return {in[0].select(0, 0).select(0, 0).item() > 0 ? in[0] : -in[0]};
        }) == "[item] a tensor on device meta, or one that is being recorded, has no value yet");
  CHECK(words([](const std::vector<Tensor>& in) -> std::vector<Tensor> {
          Tensor t = in[0];
          return {add_(t, 1)};
        }).find("writes into an input or a weight") != std::string::npos);
  CHECK(words([](const std::vector<Tensor>& in) -> std::vector<Tensor> {
          const Tensor y = in[0] + 1;
          Tensor row = y.select(0, 0);
          relu_(row);
          return {y};
        }).find("read again under another name") != std::string::npos);
  CHECK(Recorder::active() == nullptr);  // a failed recording leaves nothing behind
  const Plan plan = prepare(
      Function([&](const std::vector<Tensor>& in) -> std::vector<Tensor> { return {in[0] * w}; }), {x});
  CHECK_THROWS_WITH_AS(plan(x.to(DType::f64)), "[prepare] expected input 0 of dtype float32, got float64",
                       Error);
  CHECK_THROWS_WITH_AS(plan(std::vector<Tensor>{x, x}), "[prepare] expected 1 inputs, got 2", Error);
  std::vector<Tensor> same = {x};
  CHECK_THROWS_WITH_AS(plan.run({x}, same), "[prepare] an output shares memory with an input", Error);
  std::vector<Tensor> other = {empty({3, 2})};
  CHECK_THROWS_AS(plan.run({x}, other), Error);
  CHECK_THROWS_WITH_AS(Plan()(x), "[prepare] this plan is empty", Error);
  CHECK(max_difference(plan(x.t().contiguous().t()), x * w) == 0);  // not contiguous: copied first
}

TEST_CASE("prepare: many threads run one plan at once, with shapes old and new") {
  const Tensor w = noise({24, 24}, 3);
  const Plan plan = prepare(Function([&](const std::vector<Tensor>& in) -> std::vector<Tensor> {
                              return {linear(gelu(linear(in[0], w)), w)};
                            }),
                            {noise({4, 24}, 1)});
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 30; ++round) {
        const Tensor x = noise({1 + (t + round) % 12, 24}, static_cast<uint64_t>(t));
        const Tensor expected = linear(gelu(linear(x, w)), w);
        if (!(max_difference(plan(x), expected) <= 1e-5 * max_magnitude(expected))) ++wrong;
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(wrong == 0);
}

TEST_CASE("prepare: a model, with the scopes of its modules") {
  const auto model = nn::make_model("cifar_resnet20");
  fill(*model);
  const Tensor x = noise({3, 3, 32, 32}, 1), expected = (*model)(x);
  for (const bool optimize : {false, true}) {
    const Plan plan = prepare(*model, x, {.optimize = optimize});
    CHECK(max_difference(plan(x), expected) <= 5e-5 * max_magnitude(expected));
    CHECK(plan.describe().find("layer1.0.conv1") != std::string::npos);
  }
  CHECK(max_difference(prepare(*model, x, {.check = true})(x), expected) <= 5e-5 * max_magnitude(expected));
}
