// ROC and precision-recall curves and their areas. Agrees with scikit-learn, ties included.
#pragma once
#include <sconce/nn/metrics/confusion.h>

#include <vector>

namespace sconce::nn::metrics {

// One point for each threshold, from (0, 0) at an infinite one; sklearn.metrics.roc_curve.
struct RocCurve {
  std::vector<double> false_positive_rate, true_positive_rate,
      thresholds;   // rates are NaN where a class does not occur
  double area = 0;  // NaN unless both classes occur
};
// By increasing threshold, then the point (recall 0, precision 1), which has none;
// sklearn.metrics.precision_recall_curve.
struct PrecisionRecallCurve {
  std::vector<double> precision, recall, thresholds;
  double average_precision = 0;  // sklearn.metrics.average_precision_score; NaN without samples
};

// Scores of a yes-or-no question, gathered in parts. The curves depend on the set of samples only, not on
// order or parts.
class BinaryScores {
 public:
  // `scores` (N) or (N, 1), larger for yes; `labels` of the same length, 0 or 1.
  // Throws ErrorKind::invalid_argument on other shapes and labels, and on a NaN score; then nothing is added.
  void update(const Tensor& scores, const Tensor& labels);
  void add(double score, bool positive);
  void merge(const BinaryScores& other);

  int64_t size() const { return static_cast<int64_t>(samples_.size()); }
  int64_t positives() const;
  // `simplify` leaves out points on straight lines (scikit-learn's drop_intermediate), which changes no area.
  RocCurve roc(bool simplify = true) const;
  PrecisionRecallCurve precision_recall() const;

 private:
  struct Sample {
    double score;
    bool positive;
  };
  struct Step {
    double threshold;
    int64_t false_positives, true_positives;
  };
  std::vector<Step> steps() const;
  std::vector<Sample> samples_;
};

RocCurve roc_curve(const Tensor& scores, const Tensor& labels, bool simplify = true);
PrecisionRecallCurve precision_recall_curve(const Tensor& scores, const Tensor& labels);

// sklearn.metrics.roc_auc_score: binary for (N) or (N, 1) scores; for (N, C) scores one class against the
// rest. Macro and weighted leave out classes with an area of NaN; micro counts every (sample, class) pair.
// NaN where nothing is left.
double roc_auc(const Tensor& scores, const Tensor& labels, Average average = Average::macro);
// The areas of the single classes, NaN where one does not occur or nothing else does.
std::vector<double> roc_auc_per_class(const Tensor& scores, const Tensor& labels);
double average_precision(const Tensor& scores, const Tensor& labels);

// Area under straight lines between points with monotonic x; sklearn.metrics.auc.
// Throws ErrorKind::invalid_argument on fewer than two points or x that turns back.
double area_under(const std::vector<double>& x, const std::vector<double>& y);

// sklearn.metrics.log_loss of probabilities (N, C), or (N) or (N, 1) of class 1: mean of -log p of the right
// class, with p cut to [eps, 1 - eps] by the dtype's epsilon and rows scaled to sum 1. NaN without samples.
double log_loss(const Tensor& probabilities, const Tensor& labels);
// sklearn.metrics.brier_score_loss: mean square error of the probabilities: for (N) or (N, 1) of class 1 over
// that class, for (N, C) summed over classes (halved for two, so that both forms agree).
double brier_score(const Tensor& probabilities, const Tensor& labels);

}  // namespace sconce::nn::metrics
