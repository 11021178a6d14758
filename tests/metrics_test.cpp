// Counting metrics and the streaming accumulator against scikit-learn.
#include <doctest/doctest.h>
#include <sconce/nn/metrics.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>

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

bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-12; }

ZeroDivision zero_division(const std::string& name) {
  return name == "warn"   ? ZeroDivision::warn
         : name == "zero" ? ZeroDivision::zero
         : name == "one"  ? ZeroDivision::one
                          : ZeroDivision::nan;
}

// All bits of what a summary holds as numbers.
std::string fingerprint(const ClassificationSummary& s) {
  std::string out;
  const auto put = [&](double v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); };
  for (double v : {s.accuracy, s.top_k_accuracy, s.loss, s.brier, s.balanced_accuracy, s.matthews_corrcoef,
                   s.cohen_kappa, s.auc, s.average_precision, s.macro.f_score, s.weighted.precision})
    put(v);
  for (const auto& c : s.classes)
    for (double v : {c.precision, c.recall, c.f_score, c.specificity, c.auc, c.average_precision}) put(v);
  for (const auto& curve : s.roc)
    for (const auto* values : {&curve.false_positive_rate, &curve.true_positive_rate, &curve.thresholds})
      for (double v : *values) put(v);
  return out;
}

struct Sample {
  Tensor outputs, labels;
};
Sample random_outputs(int64_t n, int64_t classes, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> outputs;
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < n * classes; ++i) outputs.push_back(std::round(normal(random) * 30) / 10);
  for (int64_t i = 0; i < n; ++i)
    labels.push_back(static_cast<int64_t>(random() % static_cast<unsigned>(std::max<int64_t>(classes, 2))));
  return {tensor(outputs, Shape{n, classes}), tensor(labels, Shape{n})};
}
Sample part(const Sample& s, int64_t begin, int64_t end) {
  const int64_t classes = s.outputs.size(1);
  return {Tensor(s.outputs.storage(), DType::f32, Shape{end - begin, classes}, Strides{classes, 1},
                 begin * classes),
          Tensor(s.labels.storage(), DType::i64, Shape{end - begin}, Strides{1}, begin)};
}

}  // namespace

TEST_CASE("scores of classes and their averages agree with scikit-learn") {
  for (const json& c : test::json_fixture("metrics.json")) {
    CAPTURE(c["name"].get<std::string>());
    const ConfusionMatrix m =
        confusion_matrix(test::tensor_from(c["predictions"]), test::tensor_from(c["labels"]), c["classes"]);
    for (int64_t label = 0; label < m.classes(); ++label)
      for (int64_t guess = 0; guess < m.classes(); ++guess)
        CHECK(m.at(label, guess) == c["confusion"][label][guess].get<int64_t>());
    for (auto [by, key] : {std::pair{Normalize::truth, "normalized_truth"},
                           {Normalize::prediction, "normalized_prediction"},
                           {Normalize::all, "normalized_all"}}) {
      const Tensor shares = m.normalized(by);
      for (int64_t i = 0; i < shares.numel(); ++i)
        CHECK(same(shares.data<double>()[i], number(c[key][static_cast<size_t>(i)])));
    }
    CHECK(same(accuracy(m), number(c["accuracy"])));
    CHECK(same(balanced_accuracy(m), number(c["balanced_accuracy"])));
    CHECK(same(matthews_corrcoef(m), number(c["matthews_corrcoef"])));
    CHECK(same(cohen_kappa(m), number(c["cohen_kappa"])));
    for (const json& row : c["scores"]) {
      CAPTURE(row["zero_division"].get<std::string>());
      CAPTURE(number(row["beta"]));
      const ScoreOptions options{number(row["beta"]), zero_division(row["zero_division"])};
      const auto classes = class_scores(m, options);
      for (size_t i = 0; i < classes.size(); ++i) {
        CAPTURE(i);
        const json& want = row["per_class"];
        CHECK(same(classes[i].precision, number(want["precision"][i])));
        CHECK(same(classes[i].recall, number(want["recall"][i])));
        CHECK(same(classes[i].f_score, number(want["f_score"][i])));
        CHECK(same(classes[i].specificity, number(want["specificity"][i])));
        CHECK(classes[i].support == want["support"][i].get<int64_t>());
      }
      for (const auto& one :
           {std::pair{Average::micro, "micro"}, {Average::macro, "macro"}, {Average::weighted, "weighted"}}) {
        const Average average = one.first;
        const char* key = one.second;
        CAPTURE(key);
        const ClassScores s = average_scores(m, average, options);
        CHECK(same(s.precision, number(row[key]["precision"])));
        CHECK(same(s.recall, number(row[key]["recall"])));
        CHECK(same(s.f_score, number(row[key]["f_score"])));
        CHECK(s.support == m.total());
      }
    }
  }
}

TEST_CASE("the table is scikit-learn's classification_report") {
  for (const json& c : test::json_fixture("metrics.json")) {
    for (const auto& [key, text] : c["reports"].items()) {
      ClassificationOptions options;
      options.class_names = c["names"].get<std::vector<std::string>>();
      options.zero_division = zero_division(key.substr(0, key.size() - 1));
      // One-hot outputs give these predictions.
      const Tensor guesses = test::tensor_from(c["predictions"]);
      const int64_t classes = c["classes"];
      Tensor outputs = zeros(Shape{guesses.numel(), classes});
      for (int64_t i = 0; i < guesses.numel(); ++i)
        outputs.mutable_data<float>()[i * classes + guesses.data<int64_t>()[i]] = 1;
      const auto summary = classification(outputs, test::tensor_from(c["labels"]), options);
      CHECK(summary.table(key.back() - '0') == text.get<std::string>());
    }
  }
}

TEST_CASE("exact sums do not depend on order or grouping") {
  std::mt19937_64 random(3);
  std::vector<double> terms;
  for (int i = 0; i < 3000; ++i) {
    const double v =
        std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 1900) - 1000);
    terms.push_back(random() % 2 ? v : -v);
    if (i % 5 == 0) terms.push_back(-terms.back());
  }
  terms.insert(terms.end(), {5e-324, -5e-324, 2.2250738585072014e-308, 0.0, -0.0});
  ExactSum all;
  for (double v : terms) all.add(v);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(terms.begin(), terms.end(), random);
    ExactSum parts[3];
    for (size_t i = 0; i < terms.size(); ++i) parts[i % 3].add(terms[i]);
    parts[0].merge(parts[2]);
    parts[0].merge(ExactSum::from_bytes(parts[1].bytes()));
    CHECK(parts[0].value() == all.value());
    CHECK(parts[0].bytes() == all.bytes());
    CHECK(parts[0].count() == static_cast<int64_t>(terms.size()));
  }
  const auto sum = [](std::initializer_list<double> values) {
    ExactSum s;
    for (double v : values) s.add(v);
    return s.value();
  };
  CHECK(sum({}) == 0);
  CHECK(std::isnan(ExactSum().mean()));
  CHECK(sum({1e308, 1.0, -1e308}) == 1.0);
  CHECK(sum({1e16, 1.0, 1.0, -1e16}) == 2.0);
  CHECK(sum({0x1p53, 1.0}) == 0x1p53);              // a tie goes to even
  CHECK(sum({0x1p53, 1.0, 5e-324}) == 0x1p53 + 2);  // a hair above the tie
  CHECK(sum({0x1p53 + 2, 1.0}) == 0x1p53 + 4);      // a tie up to even
  CHECK(sum({-0x1p53, -1.0, -5e-324}) == -0x1p53 - 2);
  CHECK(sum({5e-324}) == 5e-324);
  CHECK(sum({-5e-324, -5e-324, 2.2250738585072014e-308}) == 2.2250738585072014e-308 - 1e-323);
  CHECK(sum({1.7976931348623157e308, 1.7976931348623157e308}) == HUGE_VAL);
  CHECK(sum({1.7976931348623157e308, 1.7976931348623157e308, -1.7976931348623157e308}) ==
        1.7976931348623157e308);
  CHECK(sum({HUGE_VAL, 1.0}) == HUGE_VAL);
  CHECK(std::isnan(sum({HUGE_VAL, -HUGE_VAL})));
  CHECK(std::isnan(sum({std::nan(""), 1.0})));
  CHECK(sum({0.1, 0.2, 0.3}) == 0.6);
}

TEST_CASE("an evaluation split over processes has the same bits") {
  for (int64_t classes : {1, 2, 5}) {
    CAPTURE(classes);
    const Sample all = random_outputs(97, classes, 11);
    ClassificationOptions options;
    options.top_k = 2;
    const std::string whole = fingerprint(classification(all.outputs, all.labels, options));
    for (auto cuts : {std::vector<int64_t>{0, 97}, {0, 1, 40, 97}, {0, 0, 96, 97}}) {
      std::vector<Classification> parts;
      for (size_t i = 0; i + 1 < cuts.size(); ++i) {
        const Sample piece = part(all, cuts[i], cuts[i + 1]);
        parts.emplace_back(0, options);
        parts.back().update(piece.outputs, piece.labels);
      }
      Classification merged(0, options);
      for (size_t i = parts.size(); i-- > 0;)
        merged.merge(Classification::from_bytes(parts[i].bytes(), options));
      CHECK(fingerprint(merged.compute()) == whole);
      CHECK(merged.samples() == 97);
    }
  }
}

TEST_CASE("a saved accumulator is read back or refused") {
  const Sample s = random_outputs(6, 3, 5);
  Classification all;
  all.update(s.outputs, s.labels);
  const std::string bytes = all.bytes();
  CHECK(Classification::from_bytes(bytes).bytes() == bytes);
  CHECK(Classification::from_bytes(Classification().bytes()).samples() == 0);
  for (size_t n = 0; n < bytes.size(); ++n)
    CHECK_THROWS_AS(Classification::from_bytes(std::string_view(bytes).substr(0, n)), Error);
  CHECK_THROWS_AS(Classification::from_bytes(bytes + "x"), Error);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x80);
    try {
      Classification::from_bytes(flipped).compute();
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::corrupt);
    }
  }
}

TEST_CASE("classification gathers what the single functions give") {
  const Sample s = random_outputs(60, 4, 2);
  const auto summary = classification(s.outputs, s.labels, {.top_k = 2});
  const Tensor p = probabilities(s.outputs);
  CHECK(same(summary.loss, cross_entropy(s.outputs.to(DType::f64), s.labels).item()));
  CHECK(same(summary.loss, log_loss(p, s.labels)));
  CHECK(same(summary.brier, brier_score(p, s.labels)));
  CHECK(summary.accuracy == accuracy(s.outputs, s.labels));
  CHECK(summary.top_k_accuracy == top_k_accuracy(s.outputs, s.labels, 2));
  CHECK(same(summary.auc, roc_auc(p, s.labels)));
  CHECK(summary.confusion == confusion_matrix(predictions(s.outputs), s.labels, 4));
  const auto again = classification(p, s.labels, {.outputs = Outputs::probabilities, .top_k = 2});
  CHECK(same(again.loss, summary.loss));
  CHECK(again.accuracy == summary.accuracy);

  const Sample one = random_outputs(60, 1, 4);
  const auto binary = classification(one.outputs, one.labels);
  CHECK(binary.classes.size() == 2);
  const Tensor targets = one.labels.to(DType::f64).reshape({60, 1});
  CHECK(same(binary.loss, binary_cross_entropy_with_logits(one.outputs.to(DType::f64), targets).item()));
  CHECK(same(binary.auc, roc_auc(one.outputs, one.labels)));
  CHECK(same(binary.classes[0].auc, binary.classes[1].auc));
  CHECK(binary.accuracy == accuracy(one.outputs, one.labels));
  std::ostringstream text;
  text << binary;
  CHECK(text.str().find("accuracy 0.") == 0);
  CHECK(text.str().find("weighted avg") != std::string::npos);
}

TEST_CASE("ties go to the first class, and NaN is the largest") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor scores = tensor(std::vector<float>{1, 1, 0, 0, 2, 2, nan, 5, nan}, Shape{3, 3});
  const Tensor guess = predictions(scores);
  CHECK(guess.data<int64_t>()[0] == 0);
  CHECK(guess.data<int64_t>()[1] == 1);
  CHECK(guess.data<int64_t>()[2] == 0);
  CHECK(top_k_accuracy(scores, tensor<int64_t>({1, 2, 1}), 1) == 0);
  CHECK(top_k_accuracy(scores, tensor<int64_t>({1, 2, 1}), 2) == doctest::Approx(2.0 / 3));
  CHECK(top_k_accuracy(scores, tensor<int64_t>({1, 2, 1}), 3) == 1);
  CHECK(accuracy(tensor<int64_t>({1, 2, 2}), tensor<uint8_t>({1, 2, 0})) == doctest::Approx(2.0 / 3));
}

TEST_CASE("no samples give NaN, not a crash") {
  const Tensor none = zeros(Shape{0, 3}), no_labels = zeros(Shape{0}, DType::i64);
  CHECK(std::isnan(accuracy(none, no_labels)));
  CHECK(std::isnan(top_k_accuracy(none, no_labels, 1)));
  const auto summary = classification(none, no_labels);
  CHECK(summary.samples == 0);
  CHECK(std::isnan(summary.accuracy));
  CHECK(std::isnan(summary.loss));
  CHECK(std::isnan(summary.auc));
  CHECK(summary.macro.precision == 0);
  CHECK_FALSE(summary.table().empty());
  CHECK(Classification().compute().classes.empty());
  CHECK(confusion_matrix(no_labels, no_labels).classes() == 0);
}

TEST_CASE("bad input is refused and counts nothing") {
  Classification all(3, {.ignore_index = 9});
  const Tensor x = zeros(Shape{2, 3});
  all.update(x, tensor<int64_t>({0, 9}));
  CHECK(all.samples() == 1);
  CHECK(all.compute().ignored == 1);
  const std::string before = all.bytes();
  CHECK_THROWS_AS(all.update(x, tensor<int64_t>({0, 3})), Error);
  CHECK_THROWS_AS(all.update(x, tensor<int64_t>({0})), Error);
  CHECK_THROWS_AS(all.update(x, tensor<float>({0, 0.5f})), Error);
  CHECK_THROWS_AS(all.update(zeros(Shape{2, 4}), tensor<int64_t>({0, 0})), Error);
  CHECK_THROWS_AS(all.update(zeros(Shape{2, 3, 1}), tensor<int64_t>({0, 0})), Error);
  CHECK_THROWS_AS(all.update(full(Shape{2, 3}, std::nan("")), tensor<int64_t>({0, 0})), Error);
  CHECK_THROWS_AS(all.update(full(Shape{2, 3}, HUGE_VAL), tensor<int64_t>({0, 0})), Error);
  CHECK_THROWS_AS(all.update(Tensor(), tensor<int64_t>({0, 0})), Error);
  CHECK_THROWS_AS(all.merge(Classification(2)), Error);
  CHECK_THROWS_AS(all.merge(Classification(3, {.top_k = 1})), Error);
  CHECK(all.bytes() == before);
  CHECK_THROWS_AS(ConfusionMatrix(-1), Error);
  ConfusionMatrix m(2);
  CHECK_THROWS_AS(m.update(tensor<int64_t>({0, 2}), tensor<int64_t>({0, 0})), Error);
  CHECK(m.total() == 0);
  CHECK_THROWS_AS(m.add(0, 2), Error);
  CHECK_THROWS_AS(m.merge(ConfusionMatrix(3)), Error);
  CHECK_THROWS_AS(class_scores(ConfusionMatrix(1), {.beta = -1, .zero_division = ZeroDivision::warn}), Error);
  CHECK_THROWS_AS(
      Classification(2, {.class_names = {"one"}}).update(zeros(Shape{1, 2}), tensor<int64_t>({0})), Error);
}
