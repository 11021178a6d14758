// The confusion matrix and every figure that follows from its counts. Agrees with scikit-learn.
#pragma once
#include <sconce/tensor.h>

#include <string>
#include <string_view>
#include <vector>

namespace sconce::nn::metrics {

// What a ratio with denominator 0 counts as; scikit-learn's zero_division. warn is 0 (nothing prints here).
// With nan, averages leave out what is NaN.
enum class ZeroDivision { warn, zero, one, nan };
// How the figures of the classes become one: over all counts, as plain mean, as mean weighted by support.
enum class Average { micro, macro, weighted };
// By what ConfusionMatrix::normalized divides: the row's sum, the column's, the total.
enum class Normalize { truth, prediction, all };

// Counts of (true class, predicted class). Streams: update() what comes, merge() what other processes have.
class ConfusionMatrix {
 public:
  ConfusionMatrix() = default;
  // Throws ErrorKind::invalid_argument unless 0 <= classes <= 65536.
  explicit ConfusionMatrix(int64_t classes);

  // Class indices of equal shape. Throws ErrorKind::invalid_argument on one outside [0, classes()), and
  // counts nothing then.
  void update(const Tensor& predictions, const Tensor& labels);
  void add(int64_t label, int64_t prediction, int64_t count = 1);
  // Throws ErrorKind::invalid_argument when the numbers of classes differ.
  void merge(const ConfusionMatrix& other);

  int64_t classes() const { return classes_; }
  int64_t at(int64_t label, int64_t prediction) const;
  int64_t total() const;
  int64_t correct() const;                 // the diagonal's sum
  int64_t support(int64_t label) const;    // a row's sum
  int64_t predicted(int64_t label) const;  // a column's sum
  Tensor tensor() const;                   // i64 (classes, classes), rows are true classes
  Tensor normalized(Normalize by) const;   // f64; rows, columns or totals of 0 give 0, as scikit-learn

  friend bool operator==(const ConfusionMatrix&, const ConfusionMatrix&) = default;

 private:
  int64_t classes_ = 0;
  std::vector<int64_t> counts_;
};

// sklearn.metrics.confusion_matrix with labels = 0 ... classes-1. classes 0: one more than the largest index.
ConfusionMatrix confusion_matrix(const Tensor& predictions, const Tensor& labels, int64_t classes = 0);

// The figures of one class, or their average.
struct ClassScores {
  double precision = 0, recall = 0, f_score = 0, specificity = 0;
  int64_t support = 0;
};
struct ScoreOptions {
  double beta = 1;  // of the F-score; 0 gives precision, infinity recall. Throws ErrorKind::invalid_argument
                    // when negative or NaN.
  ZeroDivision zero_division = ZeroDivision::warn;
};
// sklearn.metrics.precision_recall_fscore_support, with specificity = TN / (TN + FP) beside it. One entry for
// each class.
std::vector<ClassScores> class_scores(const ConfusionMatrix& matrix, const ScoreOptions& options = {});
ClassScores average_scores(const ConfusionMatrix& matrix, Average average, const ScoreOptions& options = {});

// NaN without samples.
double accuracy(const ConfusionMatrix& matrix);
// Mean recall over the classes that occur; sklearn.metrics.balanced_accuracy_score.
double balanced_accuracy(const ConfusionMatrix& matrix);
// sklearn.metrics.matthews_corrcoef; 0 where it is undefined.
double matthews_corrcoef(const ConfusionMatrix& matrix);
// sklearn.metrics.cohen_kappa_score; NaN where it is undefined.
double cohen_kappa(const ConfusionMatrix& matrix);

// The class of each sample. `scores` (N, C): the first largest, NaN counting as largest, as torch.argmax.
// (N, 1) or (N): 1 where the score is above `threshold`. i64 (N).
Tensor predictions(const Tensor& scores, double threshold = 0);
// Share of samples whose prediction is the label. `outputs` are scores as above, or class indices of an
// integer dtype. NaN without samples.
double accuracy(const Tensor& outputs, const Tensor& labels);
// sklearn.metrics.top_k_accuracy_score on (N, C) scores, except for ties: here a label counts when fewer than
// k classes have a larger score, or an equal one and a smaller index; as torch.topk's usual use. NaN without
// samples.
double top_k_accuracy(const Tensor& scores, const Tensor& labels, int64_t k);

}  // namespace sconce::nn::metrics
