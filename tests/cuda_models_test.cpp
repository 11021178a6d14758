// Layers and whole models on the GPU, op by op, against what PyTorch, torchvision and transformers compute.
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/ops/matmul_precision.h>

#include "support/gpu.h"
#include "support/recurrent_cases.h"
#include "support/sanitized.h"
#include "support/seeded.h"
#include "support/support.h"
#include "support/zoo.h"

using namespace sconce;
using Json = nlohmann::json;

namespace {

const Json& models() {
  static const Json all = test::json_fixture("nn_models.json");
  return all;
}

const Json& zoo() {
  static const Json all = test::json_fixture("nn_zoo.json");
  return all;
}

const Json& zoo_entry(const std::string& name) {
  for (const char* group : {"parity", "modules"})
    for (const Json& entry : zoo().at(group))
      if (entry.at("name") == name) return entry;
  FAIL("no fixture " << name);
  return zoo();
}

}  // namespace

TEST_CASE("cuda: every layer computes what PyTorch's does") {
  for (const Device device : test::gpus())
    for (const auto& expected : models().at("layers")) {
      CAPTURE(expected.at("expression").get<std::string>());
      const auto layer = nn::module_from(expected.at("expression").get<std::string>());
      test::fill(*layer);
      layer->to(device);
      const Tensor y = test::tensor_from(expected.at("output"));
      const Tensor got =
          (*layer)(test::seeded("input", Shape(expected.at("input").get<std::vector<int64_t>>())).to(device))
              .to(cpu);
      REQUIRE(got.shape() == y.shape());
      // As on the CPU: PyTorch's own error against float64, and a last bit.
      CHECK(test::max_difference(got, y) <=
            3 * expected.at("error").get<double>() + 2e-7 * std::max(1.0, test::max_magnitude(y)));
    }
}

TEST_CASE("cuda: convolutional networks compute what torchvision's do") {
  for (const Device device : test::gpus())
    for (const auto& expected : models().at("parity")) {
      const std::string name = expected.at("name");
      if (name.starts_with("vgg") || name.starts_with("resnet"))
        continue;  // for the CPU's test: seconds each here
      const auto net = nn::make_model(name);
      test::fill(*net);
      net->to(device).eval();
      for (const auto& run : expected.at("runs")) {
        const Tensor y = test::tensor_from(run.at("output"));
        const Tensor x = test::seeded("input", Shape(run.at("input").get<std::vector<int64_t>>()));
        const Tensor got = (*net)(x.to(device)).to(cpu);
        CAPTURE(name);
        REQUIRE(got.shape() == y.shape());
        CHECK(test::max_difference(got, y) / test::max_magnitude(y) <= 1e-5);
      }
    }
}

TEST_CASE("cuda: transformers compute what theirs do") {
  for (const Device device : test::gpus()) {
    nn::VisionTransformer vit({64, 16, 2, 4, 128, 256, 50});
    test::fill(vit);
    vit.to(device);
    test::check_summary(vit(test::seeded("input", {2, 3, 64, 64}).to(device)), zoo_entry("vit"));

    nn::BertModel bert({500, 96, 2, 4, 192, 64});
    test::fill(bert);
    bert.to(device);
    const Tensor ids = test::zoo_tokens(400, {2, 16});
    test::check_summary(bert(ids.to(device)), zoo_entry("bert"));

    nn::GPT2LMHeadModel gpt2({400, 64, 96, 2, 4});
    test::fill(gpt2);
    gpt2.lm_head.weight = gpt2.transformer.wte.weight = test::seeded("transformer.wte.weight", {400, 96});
    gpt2.to(device);
    CHECK(gpt2.lm_head.weight.storage() == gpt2.transformer.wte.weight.storage());  // tied they stay
    const Tensor all = gpt2(ids.to(device));
    test::check_summary(all, zoo_entry("gpt2"));
    nn::KeyValueCache cache;
    std::vector<Tensor> logits;
    for (int64_t at = 0, count = 6; at < 16; at += count, count = at == 6 ? 3 : 1) {
      const nn::GPT2Step step = gpt2.step(ids.slice(1, at, at + count).to(device), cache);
      logits.push_back(step.logits), cache = step.cache;
    }
    CHECK(test::max_difference(cat(logits, 1).to(cpu), all.to(cpu)) <=
          2e-6 * test::max_magnitude(all.to(cpu)));
  }
}

TEST_CASE("cuda: recurrent layers compute what PyTorch's do") {
  for (const Device device : test::gpus()) {
    int tried = 0;
    for (const Json& c : test::json_fixture("sequence.json")) {
      if ((c.at("op") != "lstm" && c.at("op") != "gru") || c.contains("throws")) continue;
      CAPTURE(c.at("name").get<std::string>());
      test::check_result(c, test::recurrent_result(c, device));
      ++tried;
    }
    CHECK(tried >= 10);
  }
}

TEST_CASE("cuda: ResNet-20 gives each of 200 images the CPU's label") {
  const auto cifar = nn::make_model("cifar_resnet20");
  test::fill(*cifar);
  cifar->eval();
  const Tensor images = test::seeded("images", {test::sanitized ? 10 : 200, 3, 32, 32});
  const Tensor labels = argmax((*cifar)(images), 1);
  for (const Device device : test::gpus()) {
    cifar->to(device);
    CHECK(test::bit_equal(argmax((*cifar)(images.to(device)), 1).to(cpu), labels));
  }
}

TEST_CASE("cuda: products in TF32 are asked for, and are not the default") {
  CHECK(get_float32_matmul_precision() == "highest");
  CHECK_THROWS_AS(set_float32_matmul_precision("medium"), Error);
  const Tensor a = test::seeded("a", {64, 96}), b = test::seeded("b", {96, 64});
  const Tensor exact = matmul(a.to(DType::f64), b.to(DType::f64));
  for (const Device device : test::gpus()) {
    const auto error = [&] {
      return test::max_difference(matmul(a.to(device), b.to(device)).to(cpu).to(DType::f64), exact) /
             test::max_magnitude(exact);
    };
    CHECK(error() < 1e-6);
    set_float32_matmul_precision("high");
    const double rounded = error();
    set_float32_matmul_precision("highest");
    CHECK(rounded > 1e-5);
    CHECK(rounded < 2e-3);
  }
}

TEST_CASE("cuda: checkpoints land on the device") {
  for (const Device device : test::gpus())
    for (const char* name : {"checkpoints/cuda_located.pth", "checkpoints/cuda_located_legacy.pth"}) {
      const StateDict there = load(test::fixture(name), {.map_location = device}),
                      here = load(test::fixture(name));
      REQUIRE(there.size() == here.size());
      for (const auto& entry : here) {
        CHECK(there[entry.key].device() == device);
        CHECK(test::bit_equal(there[entry.key].to(cpu), entry.tensor()));
      }
      const StateDict named =
          load(test::fixture(name),
               {.map_location = std::map<std::string, std::string>{{"cuda:0", device.str()}}});
      for (const auto& entry : named) CHECK(entry.tensor().device() == device);
    }
}

TEST_CASE("cuda: a device that is not there is an error with the reason") {
  CHECK(Device::parse("cuda:sim") == cuda_sim);
  CHECK(cuda_sim.str() == "cuda:sim");
  CHECK_THROWS_AS(Device::parse("cuda:simulated"), Error);
  if (cuda_backend()) return;
  CHECK_FALSE(cuda_absence().empty());
  CHECK(cuda_devices().empty());
  try {
    ones({2}, DType::f32, cuda(0));
    FAIL("expected an error");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::device);
    CHECK(std::string(e.what()).find(cuda_absence()) != std::string::npos);
  }
}
