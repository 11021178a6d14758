// Curves over thresholds. Areas come from whole counts, so they do not depend on the order of the samples.
#include <sconce/nn/metrics/curves.h>
#include <sconce/nn/metrics/exact_sum.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "values.h"

namespace sconce::nn::metrics {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// (N, C) scores as one column of yes-or-no questions for each class.
std::vector<BinaryScores> one_against_rest(const char* op, const Tensor& scores, const Tensor& labels) {
  const ScoreShape shape = score_shape(op, scores);
  const auto values = doubles_of(op, scores);
  const auto truths = labels_of(op, labels, shape.samples);
  const int64_t classes = std::max<int64_t>(shape.outputs, 2);
  for (int64_t label : truths)
    check(label >= 0 && label < classes, "[", op, "] expected labels in [0, ", classes, "), got ", label);
  for (double v : values) check(!std::isnan(v), "[", op, "] expected scores, got NaN");
  std::vector<BinaryScores> out(static_cast<size_t>(shape.outputs));
  for (int64_t i = 0; i < shape.samples; ++i)
    for (int64_t c = 0; c < shape.outputs; ++c)
      out[static_cast<size_t>(c)].add(values[static_cast<size_t>(i * shape.outputs + c)],
                                      truths[static_cast<size_t>(i)] == (shape.outputs == 1 ? 1 : c));
  return out;
}

}  // namespace

void BinaryScores::update(const Tensor& scores, const Tensor& labels) {
  const ScoreShape shape = score_shape("BinaryScores.update", scores);
  check(shape.outputs == 1, "[BinaryScores.update] expected scores of shape (N) or (N, 1), got ",
        scores.shape());
  const auto values = doubles_of("BinaryScores.update", scores);
  const auto truths = labels_of("BinaryScores.update", labels, shape.samples);
  for (double v : values) check(!std::isnan(v), "[BinaryScores.update] expected scores, got NaN");
  for (int64_t t : truths)
    check(t == 0 || t == 1, "[BinaryScores.update] expected labels of 0 and 1, got ", t);
  for (size_t i = 0; i < values.size(); ++i) add(values[i], truths[i] == 1);
}

void BinaryScores::add(double score, bool positive) {
  check(!std::isnan(score), "[BinaryScores.add] expected a score, got NaN");
  samples_.push_back({score, positive});
}

void BinaryScores::merge(const BinaryScores& other) {
  const std::vector<Sample> theirs = other.samples_;  // it may be this one
  samples_.insert(samples_.end(), theirs.begin(), theirs.end());
}

int64_t BinaryScores::positives() const {
  return std::count_if(samples_.begin(), samples_.end(), [](const Sample& s) { return s.positive; });
}

// Counts of what lies at or above each distinct score, by falling score.
std::vector<BinaryScores::Step> BinaryScores::steps() const {
  std::vector<Sample> sorted = samples_;
  std::sort(sorted.begin(), sorted.end(), [](const Sample& a, const Sample& b) { return a.score > b.score; });
  std::vector<Step> out;
  int64_t counts[2] = {0, 0};
  for (size_t i = 0; i < sorted.size(); ++i) {
    ++counts[sorted[i].positive];
    if (i + 1 == sorted.size() || sorted[i + 1].score != sorted[i].score)
      out.push_back({sorted[i].score, counts[0], counts[1]});
  }
  return out;
}

RocCurve BinaryScores::roc(bool simplify) const {
  const auto all = steps();
  RocCurve out;
  out.area = nan;
  if (all.empty()) return out;
  const int64_t negatives = all.back().false_positives, positives = all.back().true_positives;
  const auto add = [&](const Step& s) {
    out.false_positive_rate.push_back(negatives > 0 ? real(s.false_positives) / real(negatives) : nan);
    out.true_positive_rate.push_back(positives > 0 ? real(s.true_positives) / real(positives) : nan);
    out.thresholds.push_back(s.threshold);
  };
  add({infinity, 0, 0});
  int64_t doubled_area = 0;  // in pairs of one negative and one positive
  for (size_t i = 0; i < all.size(); ++i) {
    const Step before = i > 0 ? all[i - 1] : Step{infinity, 0, 0};
    doubled_area +=
        (all[i].false_positives - before.false_positives) * (all[i].true_positives + before.true_positives);
    // A point between equal steps lies on the line of its neighbours. The first and the last one stay.
    const bool inner = i > 0 && i + 1 < all.size();
    if (simplify && inner &&
        all[i + 1].false_positives - all[i].false_positives ==
            all[i].false_positives - before.false_positives &&
        all[i + 1].true_positives - all[i].true_positives == all[i].true_positives - before.true_positives)
      continue;
    add(all[i]);
  }
  if (negatives > 0 && positives > 0) out.area = real(doubled_area) / 2 / (real(negatives) * real(positives));
  return out;
}

PrecisionRecallCurve BinaryScores::precision_recall() const {
  const auto all = steps();
  PrecisionRecallCurve out;
  if (all.empty()) {
    out.average_precision = nan;
    return out;
  }
  const int64_t positives = all.back().true_positives;
  for (size_t i = all.size(); i-- > 0;) {
    const Step& s = all[i];
    const double precision = real(s.true_positives) / real(s.true_positives + s.false_positives);
    out.precision.push_back(precision);
    out.recall.push_back(positives > 0 ? real(s.true_positives) / real(positives) : 1);
    out.thresholds.push_back(s.threshold);
    const int64_t gained = s.true_positives - (i > 0 ? all[i - 1].true_positives : 0);
    if (positives > 0) out.average_precision += precision * real(gained) / real(positives);
  }
  out.precision.push_back(1);
  out.recall.push_back(0);
  return out;
}

RocCurve roc_curve(const Tensor& scores, const Tensor& labels, bool simplify) {
  BinaryScores all;
  all.update(scores, labels);
  return all.roc(simplify);
}

PrecisionRecallCurve precision_recall_curve(const Tensor& scores, const Tensor& labels) {
  BinaryScores all;
  all.update(scores, labels);
  return all.precision_recall();
}

std::vector<double> roc_auc_per_class(const Tensor& scores, const Tensor& labels) {
  std::vector<double> out;
  for (const BinaryScores& one : one_against_rest("roc_auc", scores, labels)) out.push_back(one.roc().area);
  return out;
}

double roc_auc(const Tensor& scores, const Tensor& labels, Average average) {
  const auto classes = one_against_rest("roc_auc", scores, labels);
  if (classes.size() == 1 || average == Average::micro) {
    BinaryScores all;
    for (const BinaryScores& one : classes) all.merge(one);
    return all.roc().area;
  }
  double sum = 0, weights = 0;
  for (const BinaryScores& one : classes) {
    const double area = one.roc().area, weight = average == Average::weighted ? real(one.positives()) : 1;
    if (std::isnan(area)) continue;
    sum += area * weight;
    weights += weight;
  }
  return weights > 0 ? sum / weights : nan;
}

double average_precision(const Tensor& scores, const Tensor& labels) {
  return precision_recall_curve(scores, labels).average_precision;
}

double area_under(const std::vector<double>& x, const std::vector<double>& y) {
  check(x.size() == y.size() && x.size() >= 2, "[area_under] expected two points or more, got ", x.size(),
        " x and ", y.size(), " y");
  double area = 0;
  bool up = false, down = false;
  for (size_t i = 1; i < x.size(); ++i) {
    up |= x[i] > x[i - 1];
    down |= x[i] < x[i - 1];
    area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
  }
  check(!(up && down), "[area_under] expected x that only rises or only falls");
  return down ? -area : area;
}

double log_loss(const Tensor& probabilities, const Tensor& labels) {
  const ScoreShape shape = score_shape("log_loss", probabilities);
  auto values = doubles_of("log_loss", probabilities);
  const auto truths = labels_of("log_loss", labels, shape.samples);
  const int64_t classes = std::max<int64_t>(shape.outputs, 2);
  double epsilon = 0x1p-52;
  if (probabilities.dtype() == DType::f32) epsilon = 0x1p-23;
  if (probabilities.dtype() == DType::f16) epsilon = 0x1p-10;
  if (probabilities.dtype() == DType::bf16) epsilon = 0x1p-7;
  ExactSum sum;
  for (int64_t i = 0; i < shape.samples; ++i) {
    const int64_t label = truths[static_cast<size_t>(i)];
    check(label >= 0 && label < classes, "[log_loss] expected labels in [0, ", classes, "), got ", label);
    double total = 0, right = 0;
    for (int64_t c = 0; c < classes; ++c) {
      double p = shape.outputs > 1 ? values[static_cast<size_t>(i * shape.outputs + c)]
                                   : values[static_cast<size_t>(i)];
      check(p >= 0 && p <= 1, "[log_loss] expected probabilities in [0, 1], got ", p);
      if (shape.outputs == 1 && c == 0) p = 1 - p;
      total += p;
      if (c == label) right = p;
    }
    check(total > 0, "[log_loss] expected probabilities, got a row of zeros");
    sum.add(-std::log(std::clamp(right / total, epsilon, 1 - epsilon)));
  }
  return sum.mean();
}

double brier_score(const Tensor& probabilities, const Tensor& labels) {
  const ScoreShape shape = score_shape("brier_score", probabilities);
  const auto values = doubles_of("brier_score", probabilities);
  const auto truths = labels_of("brier_score", labels, shape.samples);
  const int64_t classes = std::max<int64_t>(shape.outputs, 2);
  ExactSum sum;
  for (int64_t i = 0; i < shape.samples; ++i) {
    const int64_t label = truths[static_cast<size_t>(i)];
    check(label >= 0 && label < classes, "[brier_score] expected labels in [0, ", classes, "), got ", label);
    sum.add(brier_term(values.data() + i * shape.outputs, shape.outputs, label));
  }
  return sum.mean();
}

}  // namespace sconce::nn::metrics
