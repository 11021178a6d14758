// The streaming classifier metrics: gathering.
#include <sconce/nn/metrics/classification.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bytes.h"
#include "values.h"

namespace sconce::nn::metrics {
namespace {

constexpr const char* op = "classification";

// One sample's outputs as probabilities, and its loss, which comes from the scores where there are any.
double to_probabilities(double* row, int64_t outputs, int64_t label, Outputs kind) {
  constexpr double smallest = 0x1p-52;  // as log_loss of doubles
  if (kind == Outputs::probabilities) {
    const double right = outputs == 1 ? (label == 1 ? row[0] : 1 - row[0]) : row[label];
    return -std::log(std::clamp(right, smallest, 1 - smallest));
  }
  if (outputs == 1) {
    const double x = row[0], e = std::exp(-std::abs(x));
    row[0] = x >= 0 ? 1 / (1 + e) : e / (1 + e);
    return (label == 1 ? std::max(-x, 0.0) : std::max(x, 0.0)) + std::log1p(e);
  }
  const double largest = *std::max_element(row, row + outputs), right = row[label];
  double sum = 0;
  for (int64_t c = 0; c < outputs; ++c) sum += row[c] = std::exp(row[c] - largest);
  for (int64_t c = 0; c < outputs; ++c) row[c] /= sum;
  return largest + std::log(sum) - right;
}

}  // namespace

Classification::Classification(int64_t classes, ClassificationOptions options)
    : options_(std::move(options)) {
  check(classes >= 0, "[classification] expected a number of classes, got ", classes);
  check(options_.top_k >= 1, "[classification] expected a top_k of at least 1, got ", options_.top_k);
  if (classes > 0) matrix_ = ConfusionMatrix(classes);
}

void Classification::begin(int64_t outputs, bool single) {
  const int64_t classes = single ? 2 : outputs;
  if (begun_) {
    check(classes == matrix_.classes() && single == single_, "[classification] expected ",
          single_ ? 1 : matrix_.classes(), " outputs for each sample, as before, got ", outputs);
    return;
  }
  check(matrix_.classes() == 0 || matrix_.classes() == classes, "[classification] expected outputs for ",
        matrix_.classes(), " classes, got ", outputs);
  check(options_.class_names.empty() || static_cast<int64_t>(options_.class_names.size()) == classes,
        "[classification] expected names for ", classes, " classes, got ", options_.class_names.size());
  if (matrix_.classes() == 0) matrix_ = ConfusionMatrix(classes);
  single_ = single;
  begun_ = true;
}

void Classification::update(const Tensor& outputs, const Tensor& labels) {
  const ScoreShape shape = score_shape(op, outputs);
  check(!is_complex(outputs.dtype()), "[classification] expected real outputs, got ",
        name_of(outputs.dtype()));
  auto values = doubles_of(op, outputs);
  const auto truths = labels_of(op, labels, shape.samples);
  const int64_t classes = std::max<int64_t>(shape.outputs, 2);
  const bool are_probabilities = options_.outputs == Outputs::probabilities;
  for (double v : values) {
    check(!std::isnan(v), "[classification] expected scores, got NaN");
    check(!are_probabilities || (v >= 0 && v <= 1), "[classification] expected probabilities in [0, 1], got ",
          v);
  }
  for (int64_t label : truths)
    check((label >= 0 && label < classes) || label == options_.ignore_index,
          "[classification] expected labels in [0, ", classes, "), got ", label);
  for (int64_t i = 0; i < shape.samples && !are_probabilities && shape.outputs > 1; ++i) {
    const double* row = values.data() + i * shape.outputs;
    check(std::isfinite(*std::max_element(row, row + shape.outputs)),
          "[classification] expected scores with a finite maximum, got infinity");
  }
  begin(shape.outputs, shape.outputs == 1);

  const double threshold = are_probabilities ? 0.5 : 0;
  for (int64_t i = 0; i < shape.samples; ++i) {
    const int64_t label = truths[static_cast<size_t>(i)];
    if (label == options_.ignore_index) {
      ++ignored_;
      continue;
    }
    double* row = values.data() + i * shape.outputs;
    const int64_t guess = single_ ? row[0] > threshold : std::max_element(row, row + shape.outputs) - row;
    const int64_t rank = single_ ? guess != label : rank_of(row, shape.outputs, label);
    matrix_.add(label, guess);
    top_k_hits_ += rank < options_.top_k;
    loss_.add(to_probabilities(row, shape.outputs, label, options_.outputs));
    brier_.add(brier_term(row, shape.outputs, label));
    if (options_.curves) {
      scores_.insert(scores_.end(), row, row + shape.outputs);
      labels_.push_back(label);
    }
  }
}

void Classification::merge(const Classification& other) {
  check(options_.top_k == other.options_.top_k && options_.curves == other.options_.curves,
        "[classification] expected the other part to have been made with the same top_k and curves");
  check(
      matrix_.classes() == 0 || other.matrix_.classes() == 0 || matrix_.classes() == other.matrix_.classes(),
      "[classification] expected ", matrix_.classes(), " classes to merge, got ", other.matrix_.classes());
  if (!other.begun_) return;
  begin(other.single_ ? 1 : other.matrix_.classes(), other.single_);
  matrix_.merge(other.matrix_);
  ignored_ += other.ignored_;
  top_k_hits_ += other.top_k_hits_;
  loss_.merge(other.loss_);
  brier_.merge(other.brier_);
  const auto scores = other.scores_;  // it may be this one
  const auto labels = other.labels_;
  scores_.insert(scores_.end(), scores.begin(), scores.end());
  labels_.insert(labels_.end(), labels.begin(), labels.end());
}

ClassificationSummary Classification::compute() const {
  ClassificationSummary out;
  const int64_t classes = matrix_.classes();
  const ScoreOptions score_options{1.0, options_.zero_division};
  out.confusion = matrix_;
  out.samples = matrix_.total();
  out.correct = matrix_.correct();
  out.ignored = ignored_;
  out.accuracy = metrics::accuracy(matrix_);
  out.top_k = options_.top_k;
  out.top_k_accuracy =
      out.samples > 0 ? static_cast<double>(top_k_hits_) / static_cast<double>(out.samples) : nan;
  out.loss = loss_.mean();
  out.brier = brier_.mean();
  out.balanced_accuracy = metrics::balanced_accuracy(matrix_);
  out.matthews_corrcoef = metrics::matthews_corrcoef(matrix_);
  out.cohen_kappa = metrics::cohen_kappa(matrix_);
  out.micro = average_scores(matrix_, Average::micro, score_options);
  out.macro = average_scores(matrix_, Average::macro, score_options);
  out.weighted = average_scores(matrix_, Average::weighted, score_options);
  out.auc = out.average_precision = nan;

  const auto scores = class_scores(matrix_, score_options);
  for (int64_t c = 0; c < classes; ++c) {
    ClassSummary one;
    static_cast<ClassScores&>(one) = scores[static_cast<size_t>(c)];
    one.name =
        options_.class_names.empty() ? std::to_string(c) : options_.class_names[static_cast<size_t>(c)];
    one.predicted = matrix_.predicted(c);
    one.auc = one.average_precision = nan;
    out.classes.push_back(std::move(one));
  }
  if (!options_.curves || !begun_) return out;

  double auc = 0, average_precision = 0;
  int64_t with_auc = 0, with_precision = 0;
  for (int64_t c = 0; c < classes; ++c) {
    BinaryScores against_rest;
    const int64_t outputs = single_ ? 1 : classes;
    for (size_t i = 0; i < labels_.size(); ++i) {
      const double p = scores_[i * static_cast<size_t>(outputs) + (single_ ? 0 : static_cast<size_t>(c))];
      against_rest.add(single_ && c == 0 ? -p : p, labels_[i] == c);
    }
    out.roc.push_back(against_rest.roc());
    out.precision_recall.push_back(against_rest.precision_recall());
    if (single_ && c == 0) {  // thresholds as probabilities of class 0
      for (auto* thresholds : {&out.roc.back().thresholds, &out.precision_recall.back().thresholds})
        for (double& t : *thresholds) t = std::isinf(t) ? t : 1 + t;
    }
    ClassSummary& one = out.classes[static_cast<size_t>(c)];
    one.auc = out.roc.back().area;
    one.average_precision = one.support > 0 ? out.precision_recall.back().average_precision : nan;
    if (!std::isnan(one.auc)) auc += one.auc, ++with_auc;
    if (!std::isnan(one.average_precision)) average_precision += one.average_precision, ++with_precision;
  }
  if (classes == 2) {
    out.auc = out.classes[1].auc;
    out.average_precision = out.classes[1].average_precision;
  } else {
    if (with_auc > 0) out.auc = auc / static_cast<double>(with_auc);
    if (with_precision > 0) out.average_precision = average_precision / static_cast<double>(with_precision);
  }
  return out;
}

std::string Classification::bytes() const {
  std::string out = "SCONCEM1";
  const int64_t classes = matrix_.classes();
  for (int64_t v : {classes, int64_t{begun_}, int64_t{single_}, options_.top_k, int64_t{options_.curves},
                    ignored_, top_k_hits_})
    append_int64(out, v);
  for (int64_t label = 0; label < classes; ++label)
    for (int64_t guess = 0; guess < classes; ++guess) append_int64(out, matrix_.at(label, guess));
  out += loss_.bytes() + brier_.bytes();
  append_int64(out, static_cast<int64_t>(labels_.size()));
  for (int64_t v : labels_) append_int64(out, v);
  append_int64(out, static_cast<int64_t>(scores_.size()));
  for (double v : scores_) append_double(out, v);
  return out;
}

Classification Classification::from_bytes(std::string_view bytes, ClassificationOptions options) {
  ByteReader in(bytes);
  if (in.take(1) != "SCONCEM1") in.refuse("another beginning");
  const int64_t classes = in.count(), begun = in.count(), single = in.count();
  options.top_k = in.count();
  const int64_t curves = in.count();
  if (classes > 65536 || begun > 1 || single > 1 || curves > 1 || options.top_k < 1 ||
      (single && classes != 2) || (begun && classes < 1))
    in.refuse("an impossible header");
  if (static_cast<size_t>(classes * classes) > bytes.size() / 8) in.refuse("too few bytes");
  options.curves = curves == 1;
  Classification out(classes, std::move(options));
  if (begun) out.begin(single ? 1 : classes, single == 1);
  out.ignored_ = in.count();
  out.top_k_hits_ = in.count();
  for (int64_t label = 0; label < classes; ++label)
    for (int64_t guess = 0; guess < classes; ++guess) out.matrix_.add(label, guess, in.count());
  constexpr int64_t sum_words = 72;
  out.loss_ = ExactSum::from_bytes(in.take(sum_words));
  out.brier_ = ExactSum::from_bytes(in.take(sum_words));
  for (int64_t n = in.length(); n > 0; --n) {
    out.labels_.push_back(in.count());
    if (out.labels_.back() >= classes) in.refuse("a label outside its classes");
  }
  for (int64_t n = in.length(); n > 0; --n) {
    out.scores_.push_back(in.real());
    if (std::isnan(out.scores_.back())) in.refuse("a score that is NaN");
  }
  in.finish();
  const size_t outputs = single ? 1 : static_cast<size_t>(classes);
  if (out.scores_.size() != out.labels_.size() * outputs) in.refuse("another number of scores than labels");
  if (curves && begun && static_cast<int64_t>(out.labels_.size()) != out.matrix_.total())
    in.refuse("another number of labels than samples");
  return out;
}

ClassificationSummary classification(const Tensor& outputs, const Tensor& labels,
                                     const ClassificationOptions& options) {
  Classification all(0, options);
  all.update(outputs, labels);
  return all.compute();
}

Tensor probabilities(const Tensor& outputs, Outputs kind) {
  const ScoreShape shape = score_shape("probabilities", outputs);
  auto values = doubles_of("probabilities", outputs);
  for (int64_t i = 0; i < shape.samples; ++i)
    to_probabilities(values.data() + i * shape.outputs, shape.outputs, 0, kind);
  return sconce::tensor(values, outputs.shape());
}

}  // namespace sconce::nn::metrics
