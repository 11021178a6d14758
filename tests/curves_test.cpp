// ROC and precision-recall curves, areas and probability scores against scikit-learn.
#include <doctest/doctest.h>
#include <sconce/nn/metrics.h>
#include <sconce/ops/create.h>

#include <cmath>

#include "support/support.h"

using namespace sconce;
using namespace sconce::nn::metrics;
using nlohmann::json;

namespace {

double number(const json& j) {
  if (j.is_number()) return j.get<double>();
  const std::string name = j;
  return name == "nan" ? std::nan("") : name == "inf" ? HUGE_VAL : -HUGE_VAL;
}

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-12;
}

bool same(const std::vector<double>& ours, const json& theirs) {
  if (ours.size() != theirs.size()) return false;
  for (size_t i = 0; i < ours.size(); ++i)
    if (!same(ours[i], number(theirs[i]))) return false;
  return true;
}

}  // namespace

TEST_CASE("binary curves are scikit-learn's, point by point") {
  const json fixture = test::json_fixture("curves.json");
  for (const json& c : fixture["binary"]) {
    CAPTURE(c["name"].get<std::string>());
    const Tensor scores = test::tensor_from(c["scores"]), labels = test::tensor_from(c["labels"]);
    for (auto [key, simplify] : {std::pair{"roc", true}, {"roc_all", false}}) {
      const RocCurve roc = roc_curve(scores, labels, simplify);
      CHECK(same(roc.false_positive_rate, c[key]["fpr"]));
      CHECK(same(roc.true_positive_rate, c[key]["tpr"]));
      CHECK(same(roc.thresholds, c[key]["thresholds"]));
      CHECK(same(roc.area, number(c["auc"])));
      if (!std::isnan(roc.area))
        CHECK(same(roc.area, area_under(roc.false_positive_rate, roc.true_positive_rate)));
    }
    const PrecisionRecallCurve pr = precision_recall_curve(scores, labels);
    CHECK(same(pr.precision, c["pr"]["precision"]));
    CHECK(same(pr.recall, c["pr"]["recall"]));
    CHECK(same(pr.thresholds, c["pr"]["thresholds"]));
    CHECK(same(pr.average_precision, number(c["average_precision"])));
    CHECK(same(average_precision(scores, labels), number(c["average_precision"])));
    CHECK(same(roc_auc(scores, labels), number(c["auc"])));
  }
}

TEST_CASE("one-against-rest areas and probability scores are scikit-learn's") {
  const json fixture = test::json_fixture("curves.json");
  for (const json& c : fixture["multi"]) {
    CAPTURE(c["name"].get<std::string>());
    const Tensor scores = test::tensor_from(c["scores"]), labels = test::tensor_from(c["labels"]);
    const Tensor p = test::tensor_from(c["probabilities"]), logits = test::tensor_from(c["logits"]);
    CHECK(same(roc_auc_per_class(scores, labels), c["areas"]));
    CHECK(same(roc_auc(scores, labels, Average::micro), number(c["micro"])));
    if (c.contains("macro")) {
      CHECK(same(roc_auc(scores, labels), number(c["macro"])));
      CHECK(same(roc_auc(scores, labels, Average::weighted), number(c["weighted"])));
      CHECK(same(roc_auc(p, labels), number(c["sklearn_macro"])));
      CHECK(same(roc_auc(p, labels, Average::weighted), number(c["sklearn_weighted"])));
    }
    CHECK(same(log_loss(p, labels), number(c["log_loss"])));
    CHECK(same(brier_score(p, labels), number(c["brier"])));
    CHECK(test::max_difference(probabilities(logits), p) < 1e-15);
    for (size_t k = 0; k < c["top"].size(); ++k)
      CHECK(same(top_k_accuracy(p, labels, static_cast<int64_t>(k) + 1), number(c["top"][k])));
    const auto summary = classification(logits, labels);
    CHECK(same(summary.loss, number(c["log_loss"])));
    CHECK(same(summary.brier, number(c["brier"])));
  }
  for (const json& c : fixture["probabilities"]) {
    const Tensor p = test::tensor_from(c["probabilities"]), labels = test::tensor_from(c["labels"]);
    CHECK(std::abs(log_loss(p, labels) - number(c["log_loss"])) < 1e-6);
    CHECK(std::abs(brier_score(p, labels) - number(c["brier"])) < 1e-6);
  }
}

TEST_CASE("scores gathered in parts give the same curve") {
  const json c = test::json_fixture("curves.json")["binary"][1];
  const Tensor scores = test::tensor_from(c["scores"]), labels = test::tensor_from(c["labels"]);
  BinaryScores parts[3], all;
  for (int64_t i = 0; i < scores.numel(); ++i)
    parts[i % 3].add(scores.data<double>()[i], labels.data<int64_t>()[i] == 1);
  for (int i : {2, 0, 1}) all.merge(parts[i]);
  CHECK(all.size() == scores.numel());
  CHECK(all.roc().area == roc_curve(scores, labels).area);
  CHECK(all.roc().true_positive_rate == roc_curve(scores, labels).true_positive_rate);
  CHECK(all.precision_recall().average_precision == average_precision(scores, labels));
  all.merge(all);
  CHECK(all.size() == 2 * scores.numel());
  CHECK(same(all.roc().area, number(c["auc"])));
}

TEST_CASE("curves without samples, and bad input") {
  const Tensor none = zeros(Shape{0}), no_labels = zeros(Shape{0}, DType::i64);
  CHECK(roc_curve(none, no_labels).thresholds.empty());
  CHECK(std::isnan(roc_curve(none, no_labels).area));
  CHECK(std::isnan(average_precision(none, no_labels)));
  CHECK(std::isnan(log_loss(none, no_labels)));
  CHECK(std::isnan(brier_score(none, no_labels)));
  CHECK(std::isnan(roc_auc(zeros(Shape{0, 3}), no_labels)));

  BinaryScores all;
  CHECK_THROWS_AS(all.update(tensor<float>({1, std::nanf("")}), tensor<int64_t>({0, 1})), Error);
  CHECK_THROWS_AS(all.update(tensor<float>({1, 2}), tensor<int64_t>({0, 2})), Error);
  CHECK_THROWS_AS(all.update(tensor<float>({1, 2}), tensor<int64_t>({0})), Error);
  CHECK_THROWS_AS(all.update(zeros(Shape{2, 2}), tensor<int64_t>({0, 1})), Error);
  CHECK(all.size() == 0);
  CHECK_THROWS_AS(log_loss(tensor<float>({0.5f, 1.5f}), tensor<int64_t>({0, 1})), Error);
  CHECK_THROWS_AS(log_loss(zeros(Shape{1, 3}), tensor<int64_t>({0})), Error);
  CHECK_THROWS_AS(roc_auc(zeros(Shape{1, 3}), tensor<int64_t>({3})), Error);
  CHECK_THROWS_AS(area_under({0}, {0}), Error);
  CHECK_THROWS_AS(area_under({0, 1, 0.5}, {0, 1, 1}), Error);
  CHECK(area_under({1, 0}, {1, 1}) == 1);
}
