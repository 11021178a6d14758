// The two demo models: figures in PyTorch before saving and in Sconce after loading are the same, to the
// printed digit.
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/datasets.h>
#include <sconce/nn/metrics.h>
#include <sconce/nn/models.h>
#include <sconce/nn/module.h>
#include <sconce/nn/transforms.h>

#include <cmath>

#include "evaluation.h"
#include "support/support.h"

using namespace sconce;
using nlohmann::json;

namespace {

std::string demo(const std::string& name) { return test::fixture("demo/" + name).string(); }

Tensor scaled(const Tensor& pictures) {
  Tensor out = pictures.to(DType::f32);
  out = out.dim() == 3 ? out.unsqueeze(1).clone() : out.clone();
  for (int64_t i = 0; i < out.numel(); ++i) out.mutable_data<float>()[i] /= 255.0f;
  return out;
}

void check_figures(const json& torch, const cli::Dataset& data, const std::vector<std::string>& names) {
  const auto net = nn::make_model(torch["model"].get<std::string>());
  const auto result = net->load_state_dict(load(demo(torch["weights"])));
  CHECK(result.missing_keys.empty());
  CHECK(result.unexpected_keys.empty());
  net->eval();

  const Tensor first = (*net)(data.inputs(0, 4));
  for (int64_t i = 0; i < 4; ++i)
    for (size_t c = 0; c < names.size(); ++c)
      CHECK(std::abs(first.to(DType::f64).data<double>()[i * first.size(1) + static_cast<int64_t>(c)] -
                     torch["first_logits"][static_cast<size_t>(i)][c].get<double>()) < 1e-4);

  cli::EvaluationOptions options;
  options.batch = 128;
  options.metrics.class_names = names;
  const auto e = cli::evaluate([&](const Tensor& x) { return (*net)(x); }, data, options);
  const auto& s = e.summary;
  CHECK(s.samples == torch["samples"].get<int64_t>());
  CHECK(s.correct == torch["correct"].get<int64_t>());
  CHECK(s.accuracy == torch["accuracy"].get<double>());
  for (size_t label = 0; label < names.size(); ++label)
    for (size_t guess = 0; guess < names.size(); ++guess)
      CHECK(s.confusion.at(static_cast<int64_t>(label), static_cast<int64_t>(guess)) ==
            torch["confusion"][label][guess].get<int64_t>());
  for (size_t c = 0; c < names.size(); ++c) {
    CHECK(s.classes[c].precision ==
          doctest::Approx(torch["classes"][c]["precision"].get<double>()).epsilon(1e-12));
    CHECK(s.classes[c].recall == doctest::Approx(torch["classes"][c]["recall"].get<double>()).epsilon(1e-12));
    CHECK(s.classes[c].f_score == doctest::Approx(torch["classes"][c]["f1"].get<double>()).epsilon(1e-12));
  }
  CHECK(std::abs(s.loss - torch["loss"].get<double>()) < 1e-6);
  CHECK(std::abs(s.auc - torch["roc_auc"].get<double>()) < 1e-6);
  CHECK(s.table(4) == torch["report"].get<std::string>());
}

}  // namespace

TEST_CASE("the fraud detector: accuracy looks fine, recall shows the truth, both sides agree") {
  const json torch = test::json_fixture("demo/fraud.json");
  CHECK(torch["accuracy"].get<double>() > 0.98);
  CHECK(torch["classes"][1]["recall"].get<double>() < 0.5);
  CsvOptions csv;
  csv.label = "fraud";
  const LabeledData data = load_csv(demo("fraud.csv"), csv);
  check_figures(torch, cli::TensorDataset(data.inputs, data.labels), {"genuine", "fraud"});
}

TEST_CASE("the digits classifier: both sides agree") {
  const json torch = test::json_fixture("demo/digits.json");
  const LabeledData data = load_idx(demo("digits-images.idx3-ubyte.gz"), demo("digits-labels.idx1-ubyte.gz"));
  cli::TensorDatasetOptions options;
  options.transform = scaled;
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back(std::to_string(i));
  check_figures(torch, cli::TensorDataset(data.inputs, data.labels, options), names);
}

TEST_CASE("what a training run saved beside the weights can be read") {
  for (const char* name : {"fraud", "digits"}) {
    const json torch = test::json_fixture(std::string("demo/") + name + ".json");
    const Checkpoint file = Checkpoint::open(demo(torch["weights"]));
    CHECK(file["epoch"].as_int() == torch["epoch"].get<int64_t>());
    CHECK(file["loss"].as_double() == torch["training_loss"].get<double>());
  }
}
