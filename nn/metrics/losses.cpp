// Losses in double precision, rounded once to the input's dtype.
#include <sconce/nn/metrics/losses.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "values.h"

namespace sconce::nn::metrics {
namespace {

Tensor rounded(const char* op, const std::vector<double>& values, const Shape& shape, DType dtype) {
  Tensor out = empty(shape, dtype);
  with_floating_type(op, dtype, [&]<class T>() {
    T* to = out.mutable_data<T>();
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_same_v<T, double>)
        to[i] = values[i];
      else
        to[i] = static_cast<T>(static_cast<float>(values[i]));
    }
  });
  return out;
}

// `divisor` is what Reduction::mean divides by.
Tensor reduced(const char* op, const std::vector<double>& losses, const Shape& shape, DType dtype,
               Reduction reduction, double divisor) {
  if (reduction == Reduction::none) return rounded(op, losses, shape, dtype);
  double sum = 0;
  for (double v : losses) sum += v;
  return rounded(op, {reduction == Reduction::mean ? sum / divisor : sum}, Shape{}, dtype);
}

void check_floating(const char* op, const Tensor& input) {
  check(input.defined(), "[", op, "] expected an input, got an undefined tensor");
  check(is_floating_point(input.dtype()), "[", op, "] expected an input of a floating dtype, got ",
        name_of(input.dtype()));
}

// (N, C, d1, ...): element (n, c, i) lies at (n * classes + c) * inner + i.
struct ClassLayout {
  int64_t samples = 1, classes = 0, inner = 1;
  Shape without_classes;
};
ClassLayout class_layout(const char* op, const Tensor& input) {
  check_floating(op, input);
  check(input.dim() >= 1, "[", op, "] expected an input of shape (C), (N, C) or (N, C, d1, ...), got ",
        input.shape());
  ClassLayout out;
  const int64_t axis = input.dim() == 1 ? 0 : 1;
  std::vector<int64_t> rest;
  for (int64_t d = 0; d < input.dim(); ++d) {
    if (d < axis) out.samples *= input.size(d);
    if (d > axis) out.inner *= input.size(d);
    if (d != axis) rest.push_back(input.size(d));
  }
  out.classes = input.size(axis);
  out.without_classes = Shape(rest);
  return out;
}

std::vector<double> class_weights(const char* op, const Tensor& weight, int64_t classes) {
  if (!weight.defined()) return std::vector<double>(static_cast<size_t>(classes), 1.0);
  check(weight.dim() == 1 && weight.size(0) == classes, "[", op, "] expected one weight for each of ",
        classes, " classes, got shape ", weight.shape());
  return doubles_of(op, weight);
}

// In place, over the classes.
void log_softmax(std::vector<double>& values, const ClassLayout& layout) {
  for (int64_t n = 0; n < layout.samples; ++n) {
    for (int64_t i = 0; i < layout.inner; ++i) {
      double* at = values.data() + n * layout.classes * layout.inner + i;
      double largest = -std::numeric_limits<double>::infinity(), sum = 0;
      for (int64_t c = 0; c < layout.classes; ++c) largest = std::max(largest, at[c * layout.inner]);
      for (int64_t c = 0; c < layout.classes; ++c) sum += std::exp(at[c * layout.inner] - largest);
      for (int64_t c = 0; c < layout.classes; ++c) at[c * layout.inner] -= largest + std::log(sum);
    }
  }
}

// Of log-probabilities against class indices.
Tensor index_loss(const char* op, const std::vector<double>& logs, const ClassLayout& layout,
                  const Tensor& target, DType dtype, const CrossEntropyOptions& options) {
  check(target.shape() == layout.without_classes, "[", op, "] expected a target of shape ",
        layout.without_classes, ", got ", target.shape());
  const auto weights = class_weights(op, options.weight, layout.classes);
  const auto labels = indices_of(op, target);
  std::vector<double> losses(labels.size(), 0.0);
  double divisor = 0;
  for (int64_t n = 0; n < layout.samples; ++n) {
    for (int64_t i = 0; i < layout.inner; ++i) {
      const size_t element = static_cast<size_t>(n * layout.inner + i);
      const int64_t label = labels[element];
      if (label == options.ignore_index) continue;
      check(label >= 0 && label < layout.classes, "Target ", label, " is out of bounds.");
      const double* at = logs.data() + n * layout.classes * layout.inner + i;
      const double weight = weights[static_cast<size_t>(label)];
      double loss = -at[label * layout.inner] * weight;
      if (options.label_smoothing > 0) {
        double spread = 0;
        for (int64_t c = 0; c < layout.classes; ++c)
          spread -= at[c * layout.inner] * weights[static_cast<size_t>(c)];
        loss = (1 - options.label_smoothing) * loss +
               options.label_smoothing * spread / static_cast<double>(layout.classes);
      }
      losses[element] = loss;
      divisor += weight;
    }
  }
  return reduced(op, losses, layout.without_classes, dtype, options.reduction, divisor);
}

// Elements of `t` as if expanded to `shape`.
std::vector<double> broadcast_doubles(const char* op, const Tensor& t, const Shape& shape) {
  check(broadcast(t.shape(), shape) == shape, "[", op, "] expected a shape that broadcasts to ", shape,
        ", got ", t.shape());
  Strides strides(static_cast<size_t>(shape.dim()), 0);
  const size_t missing = static_cast<size_t>(shape.dim() - t.dim());
  for (size_t d = 0; d < t.strides().size(); ++d)
    if (t.shape().extents()[d] != 1) strides[missing + d] = t.strides()[d];
  return doubles_of(op, Tensor(t.storage(), t.dtype(), shape, strides, t.storage_offset()));
}

struct BinaryTerms {
  std::vector<double> input, target, weight, pos_weight;
};
BinaryTerms binary_terms(const char* op, const Tensor& input, const Tensor& target,
                         const BinaryCrossEntropyOptions& options) {
  check_floating(op, input);
  check(target.defined() && target.shape() == input.shape(), "[", op,
        "] expected a target of the input's shape ", input.shape(), ", got ", target.shape());
  const size_t n = static_cast<size_t>(input.numel());
  const auto factor = [&](const Tensor& t) {
    return t.defined() ? broadcast_doubles(op, t, input.shape()) : std::vector<double>(n, 1.0);
  };
  return {doubles_of(op, input), doubles_of(op, target), factor(options.weight), factor(options.pos_weight)};
}

template <class F>
Tensor regression_loss(const char* op, const Tensor& input, const Tensor& target, Reduction reduction,
                       F&& loss) {
  check_floating(op, input);
  check_floating(op, target);
  const Shape shape = broadcast(input.shape(), target.shape());
  const auto x = broadcast_doubles(op, input, shape), y = broadcast_doubles(op, target, shape);
  std::vector<double> losses(x.size());
  for (size_t i = 0; i < x.size(); ++i) losses[i] = loss(x[i] - y[i]);
  DType dtype = size_of(input.dtype()) >= size_of(target.dtype()) ? input.dtype() : target.dtype();
  // f16 with bf16 has only f32 above it.
  if (size_of(input.dtype()) == size_of(target.dtype()) && input.dtype() != target.dtype())
    dtype = DType::f32;
  return reduced(op, losses, shape, dtype, reduction, static_cast<double>(losses.size()));
}

}  // namespace

Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options) {
  const char* op = "cross_entropy";
  const ClassLayout layout = class_layout(op, input);
  check(options.label_smoothing >= 0 && options.label_smoothing <= 1,
        "[cross_entropy] label_smoothing must be between 0.0 and 1.0. Got: ", options.label_smoothing);
  check(target.defined(), "[cross_entropy] expected a target, got an undefined tensor");
  auto logs = doubles_of(op, input);
  log_softmax(logs, layout);
  if (!is_floating_point(target.dtype())) return index_loss(op, logs, layout, target, input.dtype(), options);

  check(target.shape() == input.shape(), "[cross_entropy] expected probabilities of the input's shape ",
        input.shape(), ", got ", target.shape());
  const auto weights = class_weights(op, options.weight, layout.classes);
  const auto wanted = doubles_of(op, target);
  std::vector<double> losses(static_cast<size_t>(layout.samples * layout.inner), 0.0);
  for (size_t e = 0; e < logs.size(); ++e) {
    const int64_t at = static_cast<int64_t>(e), inner = at % layout.inner,
                  c = at / layout.inner % layout.classes;
    const int64_t n = at / layout.inner / layout.classes;
    const double p = wanted[e] * (1 - options.label_smoothing) +
                     options.label_smoothing / static_cast<double>(layout.classes);
    losses[static_cast<size_t>(n * layout.inner + inner)] -= p * logs[e] * weights[static_cast<size_t>(c)];
  }
  const double count = static_cast<double>(losses.size());
  return reduced(op, losses, layout.without_classes, input.dtype(), options.reduction, count);
}

Tensor nll_loss(const Tensor& input, const Tensor& target, const NllOptions& options) {
  const ClassLayout layout = class_layout("nll_loss", input);
  check(target.defined() && !is_floating_point(target.dtype()),
        "[nll_loss] expected class indices of an integer dtype as target");
  CrossEntropyOptions all;
  all.weight = options.weight;
  all.ignore_index = options.ignore_index;
  all.reduction = options.reduction;
  return index_loss("nll_loss", doubles_of("nll_loss", input), layout, target, input.dtype(), all);
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                            const BinaryCrossEntropyOptions& options) {
  const char* op = "binary_cross_entropy";
  check(!options.pos_weight.defined(),
        "[binary_cross_entropy] pos_weight is an option of binary_cross_entropy_with_logits");
  const BinaryTerms t = binary_terms(op, input, target, options);
  std::vector<double> losses(t.input.size());
  for (size_t i = 0; i < losses.size(); ++i) {
    const double x = t.input[i], y = t.target[i];
    check(x >= 0 && x <= 1, "all elements of input should be between 0 and 1");
    losses[i] =
        -t.weight[i] * (y * std::max(std::log(x), -100.0) + (1 - y) * std::max(std::log1p(-x), -100.0));
  }
  return reduced(op, losses, input.shape(), input.dtype(), options.reduction,
                 static_cast<double>(losses.size()));
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyOptions& options) {
  const char* op = "binary_cross_entropy_with_logits";
  const BinaryTerms t = binary_terms(op, input, target, options);
  std::vector<double> losses(t.input.size());
  for (size_t i = 0; i < losses.size(); ++i) {
    const double x = t.input[i], y = t.target[i];
    const double minus_log_sigmoid = std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    const double factor = 1 + (t.pos_weight[i] - 1) * y;
    losses[i] = t.weight[i] * ((1 - y) * x + factor * minus_log_sigmoid);
  }
  return reduced(op, losses, input.shape(), input.dtype(), options.reduction,
                 static_cast<double>(losses.size()));
}

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return regression_loss("mse_loss", input, target, reduction, [](double d) { return d * d; });
}

Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return regression_loss("l1_loss", input, target, reduction, [](double d) { return std::abs(d); });
}

}  // namespace sconce::nn::metrics
