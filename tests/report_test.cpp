// The evaluation loop, and the page it ends in.
#include "report.h"

#include <doctest/doctest.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "html.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::cli;

namespace {

// A table whose samples are their own scores: the model is the identity.
TensorDataset scores_table(int64_t samples, int64_t classes, std::vector<std::string> names = {}) {
  std::mt19937 random(9);
  std::normal_distribution<float> normal;
  Tensor x = empty(Shape{samples, classes}), y = empty(Shape{samples}, DType::i64);
  for (int64_t i = 0; i < samples; ++i) {
    const int64_t label = static_cast<int64_t>(random() % static_cast<unsigned>(classes));
    y.mutable_data<int64_t>()[i] = label;
    for (int64_t c = 0; c < classes; ++c)
      x.mutable_data<float>()[i * classes + c] = normal(random) + (c == label ? 2.5f : 0);
  }
  return TensorDataset(x, y, {.class_names = std::move(names)});
}

Tensor identity(const Tensor& x) { return x; }

size_t count_of(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

// Start and end tags match, as far as this page's elements go.
void check_balanced(const std::string& page) {
  for (const char* tag : {"section", "table", "thead", "tbody", "tr", "td", "th", "ul", "li", "dl", "dt",
                          "dd", "svg", "figure", "div", "main", "style"}) {
    CAPTURE(tag);
    CHECK(count_of(page, std::string("<") + tag + ">") + count_of(page, std::string("<") + tag + " ") ==
          count_of(page, std::string("</") + tag + ">"));
  }
}

}  // namespace

TEST_CASE("an evaluation in batches equals one in a single batch") {
  const TensorDataset data = scores_table(101, 4);
  int64_t calls = 0, last = 0;
  EvaluationOptions options;
  options.batch = 8;
  options.progress = [&](int64_t done, int64_t total) {
    ++calls;
    last = done;
    CHECK(total == 101);
  };
  const Evaluation parts = evaluate(identity, data, options);
  options = {};
  options.batch = 1000;
  const Evaluation whole = evaluate(identity, data, options);
  CHECK(calls == 13);
  CHECK(last == 101);
  CHECK(parts.batches == 13);
  CHECK(parts.summary.loss == whole.summary.loss);
  CHECK(parts.summary.auc == whole.summary.auc);
  CHECK(parts.summary.confusion == whole.summary.confusion);
  CHECK(parts.predictions == whole.predictions);
  REQUIRE(parts.mistakes.size() == std::min<size_t>(24, static_cast<size_t>(101 - parts.summary.correct)));
  for (size_t i = 0; i < parts.mistakes.size(); ++i) {
    const Mistake& m = parts.mistakes[i];
    CHECK(m.prediction == parts.predictions[static_cast<size_t>(m.index)]);
    CHECK(m.label == data.labels().data<int64_t>()[m.index]);
    CHECK(m.label != m.prediction);
    CHECK(m.confidence >= m.label_probability);
    if (i > 0) CHECK(parts.mistakes[i - 1].confidence >= m.confidence);
  }
  int64_t binned = 0;
  for (const ConfidenceBin& bin : parts.confidence) binned += bin.samples;
  CHECK(binned == 101);
  CHECK(parts.calibration_error >= 0);
  CHECK(parts.calibration_error < 0.5);

  options.limit = 10;
  CHECK(evaluate(identity, data, options).summary.samples == 10);
  const auto j = to_json(whole);
  CHECK(j["accuracy"] == whole.summary.accuracy);
  CHECK(j["confusion"].size() == 4);
  CHECK(j["classes"][2]["support"] == whole.summary.classes[2].support);
  CHECK_NOTHROW(j.dump());
}

TEST_CASE("an evaluation refuses what does not fit") {
  const TensorDataset data = scores_table(5, 3);
  CHECK_THROWS_AS(evaluate([](const Tensor&) { return zeros(Shape{4, 3}); }, data), Error);
  CHECK_THROWS_AS(evaluate([](const Tensor& x) { return zeros(Shape{x.size(0), 2}); }, data), Error);
  CHECK_THROWS_AS(evaluate(identity, TensorDataset(zeros(Shape{0, 3}), zeros(Shape{0}, DType::i64))), Error);
  CHECK_THROWS_AS(TensorDataset(zeros(Shape{2, 3}), zeros(Shape{3}, DType::i64)), Error);
  CHECK_THROWS_AS(TensorDataset(zeros(Shape{1, 3}), full(Shape{1}, 0.5)), Error);
  CHECK_THROWS_AS(TensorDataset(zeros(Shape{1, 3}), zeros(Shape{1}), {.pictures = true}), Error);
}

TEST_CASE("the page is whole, self-contained and escaped") {
  const std::vector<std::string> names = {"<b>", "\"quoted\" & 'so'", "plain", "bad\xff\x01"};
  const TensorDataset data = scores_table(120, 4, names);
  const Evaluation e = evaluate(identity, data);
  const std::string page = html_report(
      e, data, {"", "Net <script>", "w&w.pth", "idx:\"a\"", {{"Device", "cpu"}, {"</dl>", "<i>"}}});
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<b>\"") == std::string::npos);
  CHECK(page.find("<i>") == std::string::npos);
  CHECK(page.find("Net &lt;script&gt;") != std::string::npos);
  CHECK(page.find("w&amp;w.pth") != std::string::npos);
  CHECK(page.find("bad\xef\xbf\xbd\xef\xbf\xbd") != std::string::npos);
  for (const char* outside : {"http:", "https:", "url(", "@import", "<link", "src=\"/"})
    CHECK(page.find(outside) == std::string::npos);
  CHECK(count_of(page, "<section") == 7);
  CHECK(page.find(percent(e.summary.accuracy)) != std::string::npos);
  CHECK(page.find("nan") == std::string::npos);
  CHECK(page.find("prefers-color-scheme:dark") != std::string::npos);
  check_balanced(page);
}

TEST_CASE("the page takes two classes and a hundred, absent classes and no mistakes") {
  for (int64_t classes : {2, 3, 12, 100}) {
    CAPTURE(classes);
    const TensorDataset data = scores_table(80, classes);
    const Evaluation e = evaluate(identity, data);
    const std::string page = html_report(e, data, {});
    check_balanced(page);
    CHECK(page.find("nan") == std::string::npos);
    CHECK(count_of(page, "<tr>") == static_cast<size_t>(2 * classes + 5));
  }
  const TensorDataset right(tensor(std::vector<float>{3, 0, 0, 4, 0, 0}, Shape{2, 3}),
                            tensor<int64_t>({0, 0}));
  const std::string page = html_report(evaluate(identity, right), right, {});
  check_balanced(page);
  CHECK(page.find("every sample is right") != std::string::npos);
}

TEST_CASE("mistakes show pictures") {
  Tensor pictures = empty(Shape{3, 1, 4, 5}, DType::u8);
  for (int64_t i = 0; i < pictures.numel(); ++i)
    pictures.mutable_data<uint8_t>()[i] = static_cast<uint8_t>(4 * i);
  TensorDatasetOptions options;
  options.pictures = true;
  const TensorDataset data(pictures, tensor<int64_t>({0, 1, 1}), options);
  const auto model = [](const Tensor& x) {
    CHECK(x.dtype() == DType::u8);
    return tensor(std::vector<float>{0, 1, 2, 0, 0, 1}, Shape{3, 2});
  };
  const Evaluation e = evaluate(model, data);
  REQUIRE(e.mistakes.size() == 2);
  CHECK(e.mistakes[0].index == 1);
  const std::string page = html_report(e, data, {});
  CHECK(count_of(page, "<img class=\"tiny\" src=\"data:image/png;base64,") == 2);
  CHECK(data.picture(2).shape() == Shape{4, 5, 3});
  CHECK(data.picture(2).data<uint8_t>()[3] == static_cast<uint8_t>(4 * 41));
  const auto file = test::scratch_folder() / "report.html";
  write_report(file, e, data, {});
  CHECK(test::read_file(file).size() > 5000);
  CHECK_THROWS_WITH_AS(write_report(file.parent_path() / "absent" / "r.html", e, data, {}),
                       doctest::Contains("absent"), Error);
}
