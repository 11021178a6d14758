// A classifier's whole result in one value, and the accumulator that makes it.
#pragma once
#include <sconce/nn/metrics/confusion.h>
#include <sconce/nn/metrics/curves.h>
#include <sconce/nn/metrics/exact_sum.h>

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace sconce::nn::metrics {

// What the model gives: scores before softmax or sigmoid (log-probabilities are such scores too), or
// probabilities.
enum class Outputs { logits, probabilities };

struct ClassificationOptions {
  Outputs outputs = Outputs::logits;
  std::vector<std::string> class_names = {};  // empty: "0", "1", ...
  int64_t ignore_index = -100;                // samples with this label do not count
  int64_t top_k = 5;                          // for top_k_accuracy
  bool curves = true;  // keep every probability, 8 bytes each, so that areas and curves can be had
  ZeroDivision zero_division = ZeroDivision::warn;
};

// All that is known of one class.
struct ClassSummary : ClassScores {
  std::string name;
  int64_t predicted = 0;         // samples that the model put here
  double auc = 0;                // against the rest; NaN where undefined or without curves
  double average_precision = 0;  // the same
};

struct ClassificationSummary {
  int64_t samples = 0, correct = 0, ignored = 0;
  double accuracy = 0;  // NaN without samples, as every mean here
  double top_k_accuracy = 0;
  int64_t top_k = 0;  // of top_k_accuracy
  double loss = 0;    // mean cross-entropy; of two classes from one output, mean binary cross-entropy
  double brier = 0;   // as brier_score()
  double balanced_accuracy = 0, matthews_corrcoef = 0, cohen_kappa = 0;
  double auc = 0;                // two classes: of class 1; more: macro, one against the rest
  double average_precision = 0;  // likewise
  ClassScores micro, macro, weighted;
  std::vector<ClassSummary> classes;
  ConfusionMatrix confusion;
  std::vector<RocCurve> roc;                           // by class; empty without curves
  std::vector<PrecisionRecallCurve> precision_recall;  // by class; empty without curves

  // The text of sklearn.metrics.classification_report, character for character (which prints support as "3.0"
  // where no prediction is right; here it stays "3").
  std::string table(int digits = 2) const;
};
// One line of accuracy, loss and areas, then table(4).
std::ostream& operator<<(std::ostream& out, const ClassificationSummary& summary);

// Streams: update() with each batch, merge() what other processes have, compute() at any time. Every figure
// is made from counts, exact sums and the set of scores, so it has the same bits however the samples were
// divided and ordered.
class Classification {
 public:
  // classes 0: taken from the first batch; one output is two classes.
  explicit Classification(int64_t classes = 0, ClassificationOptions options = {});

  // `outputs` (N, C), or (N, 1) or (N) for two classes (then class 1 is predicted above probability 0.5);
  // `labels` (N) or (N, 1), integers, or whole numbers of a floating dtype. Throws
  // ErrorKind::invalid_argument otherwise, on a label outside the classes and on a NaN output; then nothing
  // of the batch counts.
  void update(const Tensor& outputs, const Tensor& labels);
  // Throws ErrorKind::invalid_argument when the other one counts something else (classes, top_k, curves).
  void merge(const Classification& other);
  ClassificationSummary compute() const;

  int64_t classes() const { return matrix_.classes(); }
  int64_t samples() const { return matrix_.total(); }

  // The whole state, for another process; options are the receiver's own affair except those that merge()
  // compares.
  std::string bytes() const;
  // Throws ErrorKind::corrupt on anything that bytes() does not give.
  static Classification from_bytes(std::string_view bytes, ClassificationOptions options = {});

 private:
  void begin(int64_t classes, bool single);

  ClassificationOptions options_;
  bool single_ = false;  // one output for two classes
  bool begun_ = false;
  ConfusionMatrix matrix_;
  int64_t ignored_ = 0, top_k_hits_ = 0;
  ExactSum loss_, brier_;
  std::vector<double> scores_;   // kept probabilities, samples x classes (x 1 when single_)
  std::vector<int64_t> labels_;  // of the kept samples
};

// The whole result of one batch: what Classification gives after one update.
ClassificationSummary classification(const Tensor& outputs, const Tensor& labels,
                                     const ClassificationOptions& options = {});
// The probabilities that Classification uses: softmax over C, or sigmoid of one output. f64, of the same
// shape.
Tensor probabilities(const Tensor& outputs, Outputs kind = Outputs::logits);

}  // namespace sconce::nn::metrics
