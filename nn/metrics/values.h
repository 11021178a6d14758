// Reading tensors of any real dtype and strides as plain numbers, for the metrics.
#pragma once
#include <sconce/tensor.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sconce::nn::metrics {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

inline double real(int64_t v) { return static_cast<double>(v); }

// Calls f(address of element) in row-major order, whatever the strides.
template <class T, class F>
void for_each_element(const Tensor& t, F&& f) {
  const int64_t n = t.numel();
  if (n == 0) return;
  const T* base = static_cast<const T*>(t.data());
  const size_t dims = static_cast<size_t>(t.dim());
  std::vector<int64_t> at(dims, 0);
  const auto& extents = t.shape().extents();
  int64_t position = 0;
  for (int64_t i = 0; i < n; ++i) {
    f(base[position]);
    for (size_t d = dims; d-- > 0;) {
      position += t.strides()[d];
      if (++at[d] < extents[d]) break;
      position -= extents[d] * t.strides()[d];
      at[d] = 0;
    }
  }
}

// Every element of a real tensor as double.
inline std::vector<double> doubles_of(const char* op, const Tensor& t) {
  std::vector<double> out;
  check(t.defined(), "[", op, "] expected a tensor, got an undefined one");
  if (is_complex(t.dtype())) fail_dtype(op, t.dtype());
  out.reserve(static_cast<size_t>(t.numel()));
  with_type(op, t.dtype(), [&]<class T>() {
    for_each_element<T>(t, [&](const T& v) {
      if constexpr (std::is_arithmetic_v<T>)
        out.push_back(static_cast<double>(v));
      else if constexpr (!std::is_same_v<T, Complex32> && !std::is_same_v<T, std::complex<float>> &&
                         !std::is_same_v<T, std::complex<double>>)
        out.push_back(static_cast<double>(static_cast<float>(v)));
    });
  });
  return out;
}

// Every element as a class index: integers, or floating values that are whole.
inline std::vector<int64_t> indices_of(const char* op, const Tensor& t) {
  check(t.defined(), "[", op, "] expected labels, got an undefined tensor");
  std::vector<int64_t> out;
  if (is_integral(t.dtype()) || t.dtype() == DType::boolean) {
    out.reserve(static_cast<size_t>(t.numel()));
    with_type(op, t.dtype(), [&]<class T>() {
      if constexpr (std::is_integral_v<T>) {
        for_each_element<T>(t, [&](const T& v) {
          check(std::is_signed_v<T> || static_cast<uint64_t>(v) <= static_cast<uint64_t>(INT64_MAX), "[", op,
                "] expected labels within 64 signed bits");
          out.push_back(static_cast<int64_t>(v));
        });
      }
    });
    return out;
  }
  for (double v : doubles_of(op, t)) {
    check(std::abs(v) < 9e15 && v == std::floor(v), "[", op, "] expected class indices as labels, got ", v);
    out.push_back(static_cast<int64_t>(v));
  }
  return out;
}

// Samples and outputs of (N, C), (N, 1) or (N) scores; one output for the last two.
struct ScoreShape {
  int64_t samples = 0, outputs = 0;
};
inline ScoreShape score_shape(const char* op, const Tensor& scores) {
  check(scores.defined(), "[", op, "] expected scores, got an undefined tensor");
  check(scores.dim() == 1 || scores.dim() == 2, "[", op,
        "] expected scores of shape (N, C), (N, 1) or (N), got ", scores.shape());
  if (scores.dim() == 1) return {scores.size(0), 1};
  check(scores.size(1) >= 1, "[", op, "] expected at least one output, got shape ", scores.shape());
  return {scores.size(0), scores.size(1)};
}

// One label for each of `samples`, from a tensor of shape (N) or (N, 1).
inline std::vector<int64_t> labels_of(const char* op, const Tensor& labels, int64_t samples) {
  check(labels.defined(), "[", op, "] expected labels, got an undefined tensor");
  const bool fits =
      (labels.dim() == 1 || (labels.dim() == 2 && labels.size(1) == 1)) && labels.size(0) == samples;
  check(fits, "[", op, "] expected ", samples, " labels, one for each sample, got shape ", labels.shape());
  return indices_of(op, labels);
}

// How many classes come before `label` when scores fall: those with a larger one, or an equal one and a
// smaller index. NaN is largest.
inline int64_t rank_of(const double* scores, int64_t classes, int64_t label) {
  const double own = scores[label];
  int64_t rank = 0;
  for (int64_t c = 0; c < classes; ++c) {
    const bool larger = scores[c] > own || (std::isnan(scores[c]) && !std::isnan(own));
    const bool equal = scores[c] == own || (std::isnan(scores[c]) && std::isnan(own));
    rank += larger || (equal && c < label);
  }
  return rank;
}

// Square error of one sample's probabilities; of class 1 alone when there is one output, halved for two.
inline double brier_term(const double* p, int64_t outputs, int64_t label) {
  if (outputs == 1) return (p[0] - static_cast<double>(label)) * (p[0] - static_cast<double>(label));
  double sum = 0;
  for (int64_t c = 0; c < outputs; ++c) {
    const double difference = p[c] - (c == label ? 1 : 0);
    sum += difference * difference;
  }
  return outputs == 2 ? sum / 2 : sum;
}

}  // namespace sconce::nn::metrics
