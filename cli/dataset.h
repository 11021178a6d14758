// What the program evaluates on: samples with labels, and what a report shows of one sample.
#pragma once
#include <sconce/tensor.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sconce::cli {

// A labelled set of samples for a classifier. Samples are numbered from 0; all methods may be called from one
// thread.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual int64_t size() const = 0;
  // Samples [begin, end) as the model takes them, stacked in dimension 0. Throws what reading them throws.
  virtual Tensor inputs(int64_t begin, int64_t end) const = 0;
  // i64, one class index for each sample.
  virtual const Tensor& labels() const = 0;
  // Names of the classes by index; empty when they have none.
  virtual const std::vector<std::string>& class_names() const = 0;

  // What to call sample i: its file, else "sample 17".
  virtual std::string name(int64_t i) const;
  // A picture of sample i, u8 (height, width, 3); undefined when samples are not pictures.
  virtual Tensor picture(int64_t i) const;
  // Sample i as named values, for tables; empty otherwise.
  virtual std::vector<std::pair<std::string, double>> values(int64_t i) const;
};

struct TensorDatasetOptions {
  std::vector<std::string> class_names = {};
  std::vector<std::string> column_names = {};  // of a two-dimensional table
  std::function<Tensor(const Tensor&)> transform =
      {};                 // a stacked batch as stored -> as the model takes it; empty: as it is
  bool pictures = false;  // samples are u8 (1 or 3, height, width) or (height, width) pictures
};

// Samples that lie in memory: CIFAR, IDX, CSV, NPZ.
class TensorDataset : public Dataset {
 public:
  // `samples` is (N, ...) of any dtype; `labels` is (N) or (N, 1) of an integer dtype, or of a floating dtype
  // with whole values. Throws ErrorKind::invalid_argument otherwise.
  TensorDataset(Tensor samples, const Tensor& labels, TensorDatasetOptions options = {});

  int64_t size() const override { return samples_.size(0); }
  Tensor inputs(int64_t begin, int64_t end) const override;
  const Tensor& labels() const override { return labels_; }
  const std::vector<std::string>& class_names() const override { return options_.class_names; }
  Tensor picture(int64_t i) const override;
  std::vector<std::pair<std::string, double>> values(int64_t i) const override;

 private:
  Tensor samples_, labels_;
  TensorDatasetOptions options_;
};

}  // namespace sconce::cli
