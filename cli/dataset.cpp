// Data sets in memory.
#include "dataset.h"

#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>

namespace sconce::cli {
namespace {

// Samples [begin, end), as a view.
Tensor samples_between(const Tensor& t, int64_t begin, int64_t end) {
  check(begin >= 0 && begin <= end && end <= t.size(0), "[dataset] expected samples within [0, ", t.size(0),
        "), got ", begin, " to ", end);
  std::vector<int64_t> extents = t.shape().extents();
  extents[0] = end - begin;
  return Tensor(t.storage(), t.dtype(), Shape(extents), t.strides(),
                t.storage_offset() + begin * t.strides()[0]);
}

Tensor as_indices(const Tensor& labels, int64_t samples) {
  check(labels.defined() && (labels.dim() == 1 || (labels.dim() == 2 && labels.size(1) == 1)) &&
            labels.size(0) == samples,
        "[dataset] expected one label for each of ", samples, " samples, got shape ",
        labels.defined() ? labels.shape().str() : std::string("of no tensor"));
  check(is_floating_point(labels.dtype()) || is_integral(labels.dtype()) || labels.dtype() == DType::boolean,
        "[dataset] expected labels of an integer dtype, got ", name_of(labels.dtype()));
  if (is_floating_point(labels.dtype())) {
    const Tensor values = labels.to(DType::f64).contiguous();
    for (int64_t i = 0; i < samples; ++i) {
      const double v = values.data<double>()[i];
      check(v == std::floor(v) && std::abs(v) < 1e15, "[dataset] expected whole numbers as labels, got ", v,
            " for sample ", i);
    }
  }
  return labels.to(DType::i64).reshape({samples});
}

}  // namespace

std::string Dataset::name(int64_t i) const { return "sample " + std::to_string(i); }
Tensor Dataset::picture(int64_t) const { return {}; }
std::vector<std::pair<std::string, double>> Dataset::values(int64_t) const { return {}; }

TensorDataset::TensorDataset(Tensor samples, const Tensor& labels, TensorDatasetOptions options)
    : samples_(std::move(samples)), options_(std::move(options)) {
  check(samples_.defined() && samples_.dim() >= 1, "[dataset] expected samples stacked in dimension 0");
  labels_ = as_indices(labels, samples_.size(0));
  check(options_.column_names.empty() ||
            (samples_.dim() == 2 && static_cast<int64_t>(options_.column_names.size()) == samples_.size(1)),
        "[dataset] expected one name for each column of ", samples_.shape(), ", got ",
        options_.column_names.size());
  if (options_.pictures) {
    const int64_t d = samples_.dim();
    check(samples_.dtype() == DType::u8 &&
              (d == 3 || (d == 4 && (samples_.size(1) == 1 || samples_.size(1) == 3))),
          "[dataset] expected u8 pictures of shape (N, height, width) or (N, 1 or 3, height, width), got ",
          name_of(samples_.dtype()), " ", samples_.shape());
  }
}

Tensor TensorDataset::inputs(int64_t begin, int64_t end) const {
  const Tensor batch = samples_between(samples_, begin, end);
  return options_.transform ? options_.transform(batch) : batch;
}

Tensor TensorDataset::picture(int64_t i) const {
  if (!options_.pictures) return {};
  const Tensor one = samples_between(samples_, i, i + 1).contiguous();
  const int64_t channels = one.dim() == 4 ? one.size(1) : 1, height = one.size(-2), width = one.size(-1);
  Tensor out = empty(Shape{height, width, 3}, DType::u8);
  const uint8_t* from = one.data<uint8_t>();
  uint8_t* to = out.mutable_data<uint8_t>();
  for (int64_t pixel = 0; pixel < height * width; ++pixel)
    for (int64_t c = 0; c < 3; ++c)
      to[pixel * 3 + c] = from[(channels == 3 ? c : 0) * height * width + pixel];
  return out;
}

std::vector<std::pair<std::string, double>> TensorDataset::values(int64_t i) const {
  if (options_.pictures || samples_.dim() != 2 ||
      !(is_floating_point(samples_.dtype()) || is_integral(samples_.dtype())))
    return {};
  const Tensor row = samples_between(samples_, i, i + 1).to(DType::f64).contiguous();
  std::vector<std::pair<std::string, double>> out;
  for (int64_t c = 0; c < samples_.size(1); ++c) {
    std::string name =
        options_.column_names.empty() ? std::to_string(c) : options_.column_names[static_cast<size_t>(c)];
    out.emplace_back(std::move(name), row.data<double>()[c]);
  }
  return out;
}

}  // namespace sconce::cli
