// Counting predictions, and the ratios of the counts.
#include <sconce/nn/metrics/confusion.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "values.h"

namespace sconce::nn::metrics {
namespace {

double ratio(double numerator, double denominator, ZeroDivision zero) {
  if (denominator != 0) return numerator / denominator;
  switch (zero) {
    case ZeroDivision::one: return 1;
    case ZeroDivision::nan: return nan;
    default: return 0;
  }
}

double f_score(double tp, double predicted, double support, const ScoreOptions& options,
               const ClassScores& scores) {
  if (std::isinf(options.beta)) return scores.recall;
  if (options.beta == 0) return scores.precision;
  const double square = options.beta * options.beta;
  return ratio((1 + square) * tp, square * support + predicted, options.zero_division);
}

struct Counts {
  int64_t true_positives = 0, predicted = 0, support = 0, negatives = 0;
};

ClassScores scores_of(const Counts& c, const ScoreOptions& options) {
  check(options.beta >= 0, "[f_score] expected a beta of at least 0, got ", options.beta);
  ClassScores out;
  const double tp = real(c.true_positives);
  out.precision = ratio(tp, real(c.predicted), options.zero_division);
  out.recall = ratio(tp, real(c.support), options.zero_division);
  out.f_score = f_score(tp, real(c.predicted), real(c.support), options, out);
  const int64_t false_positives = c.predicted - c.true_positives;
  out.specificity = ratio(real(c.negatives - false_positives), real(c.negatives), options.zero_division);
  out.support = c.support;
  return out;
}

std::vector<Counts> counts_of(const ConfusionMatrix& m) {
  const int64_t n = m.classes(), total = m.total();
  std::vector<Counts> out(static_cast<size_t>(n));
  for (int64_t label = 0; label < n; ++label) {
    for (int64_t guess = 0; guess < n; ++guess) {
      const int64_t count = m.at(label, guess);
      out[static_cast<size_t>(label)].support += count;
      out[static_cast<size_t>(guess)].predicted += count;
      if (label == guess) out[static_cast<size_t>(label)].true_positives = count;
    }
  }
  for (Counts& c : out) c.negatives = total - c.support;
  return out;
}

// The mean of what is not NaN. Where all weights are 0, they are left out, as scikit-learn does.
double mean_of(const std::vector<ClassScores>& scores, double ClassScores::*field, bool weighted) {
  double sum = 0, weights = 0, plain = 0;
  int64_t valid = 0;
  for (const ClassScores& s : scores) {
    const double value = s.*field;
    if (std::isnan(value)) continue;
    ++valid;
    plain += value;
    sum += value * real(s.support);
    weights += real(s.support);
  }
  if (valid == 0) return nan;
  return weighted && weights > 0 ? sum / weights : plain / real(valid);
}

}  // namespace

ConfusionMatrix::ConfusionMatrix(int64_t classes) : classes_(classes) {
  check(classes >= 0 && classes <= 65536, "[confusion_matrix] expected 0 to 65536 classes, got ", classes);
  counts_.assign(static_cast<size_t>(classes * classes), 0);
}

void ConfusionMatrix::update(const Tensor& predictions, const Tensor& labels) {
  check(predictions.defined() && labels.defined() && predictions.shape() == labels.shape(),
        "[confusion_matrix] expected predictions and labels of one shape, got ", predictions.shape(), " and ",
        labels.shape());
  const auto guesses = indices_of("confusion_matrix", predictions),
             truths = indices_of("confusion_matrix", labels);
  for (const auto* indices : {&guesses, &truths})
    for (int64_t c : *indices)
      check(c >= 0 && c < classes_, "[confusion_matrix] expected class indices in [0, ", classes_, "), got ",
            c);
  for (size_t i = 0; i < guesses.size(); ++i)
    ++counts_[static_cast<size_t>(truths[i] * classes_ + guesses[i])];
}

void ConfusionMatrix::add(int64_t label, int64_t prediction, int64_t count) {
  check(label >= 0 && label < classes_ && prediction >= 0 && prediction < classes_ && count >= 0,
        "[confusion_matrix] expected class indices in [0, ", classes_, ") and a count of at least 0, got ",
        label, ", ", prediction, " and ", count);
  counts_[static_cast<size_t>(label * classes_ + prediction)] += count;
}

void ConfusionMatrix::merge(const ConfusionMatrix& other) {
  check(classes_ == other.classes_, "[confusion_matrix] expected ", classes_, " classes to merge, got ",
        other.classes_);
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

int64_t ConfusionMatrix::at(int64_t label, int64_t prediction) const {
  check(label >= 0 && label < classes_ && prediction >= 0 && prediction < classes_,
        "[confusion_matrix] expected class indices in [0, ", classes_, "), got ", label, " and ", prediction);
  return counts_[static_cast<size_t>(label * classes_ + prediction)];
}

int64_t ConfusionMatrix::total() const {
  int64_t sum = 0;
  for (int64_t c : counts_) sum += c;
  return sum;
}

int64_t ConfusionMatrix::correct() const {
  int64_t sum = 0;
  for (int64_t c = 0; c < classes_; ++c) sum += at(c, c);
  return sum;
}

int64_t ConfusionMatrix::support(int64_t label) const {
  int64_t sum = 0;
  for (int64_t c = 0; c < classes_; ++c) sum += at(label, c);
  return sum;
}

int64_t ConfusionMatrix::predicted(int64_t label) const {
  int64_t sum = 0;
  for (int64_t c = 0; c < classes_; ++c) sum += at(c, label);
  return sum;
}

Tensor ConfusionMatrix::tensor() const { return sconce::tensor(counts_, Shape{classes_, classes_}); }

Tensor ConfusionMatrix::normalized(Normalize by) const {
  const auto counts = counts_of(*this);
  const double all = real(total());
  std::vector<double> out;
  for (int64_t label = 0; label < classes_; ++label) {
    for (int64_t guess = 0; guess < classes_; ++guess) {
      double divisor = all;
      if (by == Normalize::truth) divisor = real(counts[static_cast<size_t>(label)].support);
      if (by == Normalize::prediction) divisor = real(counts[static_cast<size_t>(guess)].predicted);
      out.push_back(ratio(real(at(label, guess)), divisor, ZeroDivision::zero));
    }
  }
  return sconce::tensor(out, Shape{classes_, classes_});
}

ConfusionMatrix confusion_matrix(const Tensor& predictions, const Tensor& labels, int64_t classes) {
  if (classes == 0) {
    for (const Tensor* t : {&predictions, &labels})
      for (int64_t c : indices_of("confusion_matrix", *t)) classes = std::max(classes, c + 1);
  }
  ConfusionMatrix out(classes);
  out.update(predictions, labels);
  return out;
}

std::vector<ClassScores> class_scores(const ConfusionMatrix& matrix, const ScoreOptions& options) {
  std::vector<ClassScores> out;
  for (const Counts& c : counts_of(matrix)) out.push_back(scores_of(c, options));
  return out;
}

ClassScores average_scores(const ConfusionMatrix& matrix, Average average, const ScoreOptions& options) {
  if (average == Average::micro) {
    Counts all;
    for (const Counts& c : counts_of(matrix)) {
      all.true_positives += c.true_positives;
      all.predicted += c.predicted;
      all.support += c.support;
      all.negatives += c.negatives;
    }
    return scores_of(all, options);
  }
  const auto scores = class_scores(matrix, options);
  const bool weighted = average == Average::weighted;
  ClassScores out;
  out.precision = mean_of(scores, &ClassScores::precision, weighted);
  out.recall = mean_of(scores, &ClassScores::recall, weighted);
  out.f_score = mean_of(scores, &ClassScores::f_score, weighted);
  out.specificity = mean_of(scores, &ClassScores::specificity, weighted);
  out.support = matrix.total();
  return out;
}

double accuracy(const ConfusionMatrix& matrix) {
  return ratio(real(matrix.correct()), real(matrix.total()), ZeroDivision::nan);
}

double balanced_accuracy(const ConfusionMatrix& matrix) {
  return mean_of(class_scores(matrix, {.beta = 1, .zero_division = ZeroDivision::nan}), &ClassScores::recall,
                 false);
}

double matthews_corrcoef(const ConfusionMatrix& matrix) {
  double guesses_truths = 0, guesses_guesses = 0, truths_truths = 0;
  for (const Counts& c : counts_of(matrix)) {
    guesses_truths += real(c.predicted) * real(c.support);
    guesses_guesses += real(c.predicted) * real(c.predicted);
    truths_truths += real(c.support) * real(c.support);
  }
  const double n = real(matrix.total());
  const double product = (n * n - guesses_guesses) * (n * n - truths_truths);
  return product == 0 ? 0 : (real(matrix.correct()) * n - guesses_truths) / std::sqrt(product);
}

double cohen_kappa(const ConfusionMatrix& matrix) {
  double agreement = 0;  // expected by chance, times n
  for (const Counts& c : counts_of(matrix)) agreement += real(c.predicted) * real(c.support);
  const double n = real(matrix.total());
  if (n == 0 || agreement == n * n) return nan;
  return 1 - (n - real(matrix.correct())) / (n - agreement / n);
}

Tensor predictions(const Tensor& scores, double threshold) {
  const ScoreShape shape = score_shape("predictions", scores);
  const auto values = doubles_of("predictions", scores);
  std::vector<int64_t> out;
  for (int64_t i = 0; i < shape.samples; ++i) {
    const double* row = values.data() + i * shape.outputs;
    if (shape.outputs == 1) {
      out.push_back(row[0] > threshold);
      continue;
    }
    int64_t best = 0;
    for (int64_t c = 1; c < shape.outputs && !std::isnan(row[best]); ++c)
      if (row[c] > row[best] || std::isnan(row[c])) best = c;
    out.push_back(best);
  }
  return sconce::tensor(out, Shape{shape.samples});
}

double accuracy(const Tensor& outputs, const Tensor& labels) {
  const bool classes = outputs.defined() && !is_floating_point(outputs.dtype());
  const auto guesses = indices_of("accuracy", classes ? outputs : predictions(outputs));
  const auto truths = labels_of("accuracy", labels, static_cast<int64_t>(guesses.size()));
  int64_t correct = 0;
  for (size_t i = 0; i < truths.size(); ++i) correct += guesses[i] == truths[i];
  return ratio(real(correct), real(static_cast<int64_t>(truths.size())), ZeroDivision::nan);
}

double top_k_accuracy(const Tensor& scores, const Tensor& labels, int64_t k) {
  const ScoreShape shape = score_shape("top_k_accuracy", scores);
  check(scores.dim() == 2 && k >= 1,
        "[top_k_accuracy] expected scores of shape (N, C) and a k of at least 1, got ", scores.shape(),
        " and ", k);
  const auto values = doubles_of("top_k_accuracy", scores);
  const auto truths = labels_of("top_k_accuracy", labels, shape.samples);
  int64_t hits = 0;
  for (int64_t i = 0; i < shape.samples; ++i) {
    const int64_t label = truths[static_cast<size_t>(i)];
    check(label >= 0 && label < shape.outputs, "[top_k_accuracy] expected labels in [0, ", shape.outputs,
          "), got ", label);
    hits += rank_of(values.data() + i * shape.outputs, shape.outputs, label) < k;
  }
  return ratio(real(hits), real(shape.samples), ZeroDivision::nan);
}

}  // namespace sconce::nn::metrics
