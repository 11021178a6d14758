// The evaluation loop and its JSON.
#include "evaluation.h"

#include <sconce/ops/create.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "command.h"

namespace sconce::cli {
namespace {

using nlohmann::json;
namespace metrics = nn::metrics;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Tensor labels_between(const Tensor& labels, int64_t begin, int64_t end) {
  return Tensor(labels.storage(), DType::i64, Shape{end - begin}, labels.strides(),
                labels.storage_offset() + begin * labels.strides()[0]);
}

// Predictions, mistakes and confidence of one batch.
void gather(const Tensor& outputs, const Tensor& labels, int64_t begin, const EvaluationOptions& options,
            Evaluation& out) {
  const bool probabilities = options.metrics.outputs == metrics::Outputs::probabilities;
  const Tensor guesses = metrics::predictions(outputs, probabilities ? 0.5 : 0).contiguous();
  const Tensor p = metrics::probabilities(outputs, options.metrics.outputs).contiguous();
  const int64_t samples = guesses.numel(), outputs_each = samples > 0 ? p.numel() / samples : 0;
  const auto probability = [&](int64_t i, int64_t c) {
    if (outputs_each > 1) return p.data<double>()[i * outputs_each + c];
    return c == 1 ? p.data<double>()[i] : 1 - p.data<double>()[i];
  };
  for (int64_t i = 0; i < samples; ++i) {
    const int64_t guess = guesses.data<int64_t>()[i], label = labels.data<int64_t>()[i];
    out.predictions.push_back(guess);
    if (label == options.metrics.ignore_index) continue;
    const double confidence = probability(i, guess);
    ConfidenceBin& bin =
        out.confidence[static_cast<size_t>(std::clamp(static_cast<int>(confidence * 10), 0, 9))];
    ++bin.samples;
    bin.correct += guess == label;
    bin.confidence += confidence;  // a sum until the end
    if (guess != label) out.mistakes.push_back({begin + i, label, guess, confidence, probability(i, label)});
  }
}

void keep_worst(std::vector<Mistake>& mistakes, int64_t count) {
  std::sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return a.confidence != b.confidence ? a.confidence > b.confidence : a.index < b.index;
  });
  if (static_cast<int64_t>(mistakes.size()) > count)
    mistakes.resize(static_cast<size_t>(std::max<int64_t>(count, 0)));
}

json to_json(const metrics::ClassScores& s) {
  return {{"precision", json_number(s.precision)},
          {"recall", json_number(s.recall)},
          {"f1", json_number(s.f_score)},
          {"specificity", json_number(s.specificity)}};
}

}  // namespace

Evaluation evaluate(const std::function<Tensor(const Tensor&)>& model, const Dataset& data,
                    const EvaluationOptions& options) {
  const int64_t total = options.limit > 0 ? std::min(options.limit, data.size()) : data.size();
  check(total > 0, "[evaluate] expected samples, got an empty data set");
  check(options.batch > 0, "[evaluate] expected a batch of at least 1, got ", options.batch);
  metrics::ClassificationOptions metric_options = options.metrics;
  if (metric_options.class_names.empty()) metric_options.class_names = data.class_names();

  Evaluation out;
  out.confidence.resize(10);
  metrics::Classification all(0, metric_options);
  const auto start = std::chrono::steady_clock::now();
  for (int64_t begin = 0; begin < total; begin += options.batch) {
    const int64_t end = std::min(begin + options.batch, total);
    const Tensor inputs = data.inputs(begin, end), labels = labels_between(data.labels(), begin, end);
    const auto model_start = std::chrono::steady_clock::now();
    const Tensor outputs = model(inputs);
    out.model_seconds += seconds_since(model_start);
    all.update(outputs, labels);
    gather(outputs, labels, begin, options, out);
    // Memory stays small however wrong the model is.
    if (out.mistakes.size() > 4096) keep_worst(out.mistakes, options.mistakes);
    ++out.batches;
    if (options.progress) options.progress(end, total);
  }
  out.seconds = seconds_since(start);
  out.summary = all.compute();
  keep_worst(out.mistakes, options.mistakes);
  for (ConfidenceBin& bin : out.confidence) {
    if (bin.samples == 0) continue;
    const double samples = static_cast<double>(bin.samples);
    bin.confidence /= samples;
    const double gap = std::abs(static_cast<double>(bin.correct) / samples - bin.confidence);
    out.calibration_error += gap * samples / static_cast<double>(out.summary.samples);
  }
  return out;
}

json to_json(const Evaluation& e) {
  const metrics::ClassificationSummary& s = e.summary;
  json classes = json::array();
  for (const metrics::ClassSummary& c : s.classes) {
    json one = to_json(static_cast<const metrics::ClassScores&>(c));
    one["name"] = c.name;
    one["support"] = c.support;
    one["predicted"] = c.predicted;
    one["auc"] = json_number(c.auc);
    one["average_precision"] = json_number(c.average_precision);
    classes.push_back(std::move(one));
  }
  json confusion = json::array();
  for (int64_t label = 0; label < s.confusion.classes(); ++label) {
    json row = json::array();
    for (int64_t guess = 0; guess < s.confusion.classes(); ++guess)
      row.push_back(s.confusion.at(label, guess));
    confusion.push_back(std::move(row));
  }
  return {{"samples", s.samples},
          {"correct", s.correct},
          {"ignored", s.ignored},
          {"accuracy", json_number(s.accuracy)},
          {"top_k", s.top_k},
          {"top_k_accuracy", json_number(s.top_k_accuracy)},
          {"loss", json_number(s.loss)},
          {"brier", json_number(s.brier)},
          {"balanced_accuracy", json_number(s.balanced_accuracy)},
          {"matthews_corrcoef", json_number(s.matthews_corrcoef)},
          {"cohen_kappa", json_number(s.cohen_kappa)},
          {"auc", json_number(s.auc)},
          {"average_precision", json_number(s.average_precision)},
          {"calibration_error", json_number(e.calibration_error)},
          {"micro", to_json(s.micro)},
          {"macro", to_json(s.macro)},
          {"weighted", to_json(s.weighted)},
          {"classes", std::move(classes)},
          {"confusion", std::move(confusion)},
          {"seconds", json_number(e.seconds)},
          {"model_seconds", json_number(e.model_seconds)},
          {"samples_per_second", json_number(e.samples_per_second())}};
}

}  // namespace sconce::cli
