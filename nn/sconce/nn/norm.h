// Normalisation.
#pragma once
#include <sconce/nn/module.h>
#include <sconce/ops/sizes.h>

#include <optional>

namespace sconce::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // only printed
  bool affine = true;                    // has weight (and bias)
  bool track_running_stats = true;       // has running_mean, running_var, num_batches_tracked
  bool bias = true;                      // false: an affine norm without a bias
  DType dtype = DType::f32;
};

// What BatchNorm1d and BatchNorm2d share: normalises each channel by the running statistics, as
// torch.nn.BatchNorm*d after model.eval(); without running statistics by those of the batch, as PyTorch does
// then. A checkpoint whose `_metadata` gives a version below 2, or none, may lack num_batches_tracked.
class BatchNorm : public Module {
 public:
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;
  int64_t version() const override { return 2; }
  bool may_be_absent(std::string_view name, std::optional<int64_t> version) const override;

  int64_t num_features;
  double eps;
  std::optional<double> momentum;
  bool affine, track_running_stats;
  Tensor weight, bias;               // [num_features], or undefined
  Tensor running_mean, running_var;  // [num_features], or undefined
  Tensor num_batches_tracked;        // 0-dim i64, or undefined

 protected:
  explicit BatchNorm(int64_t num_features, const BatchNormOptions& options);
  // Throws unless `dims` is a rank the layer takes.
  virtual void check_rank(int64_t dims) const = 0;
};

// [N, C] or [N, C, L].
class BatchNorm1d : public BatchNorm {
 public:
  explicit BatchNorm1d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNorm(num_features, options) {}

 protected:
  void check_rank(int64_t dims) const override;
};

// [N, C, H, W].
class BatchNorm2d : public BatchNorm {
 public:
  explicit BatchNorm2d(int64_t num_features, const BatchNormOptions& options = {})
      : BatchNorm(num_features, options) {}

 protected:
  void check_rank(int64_t dims) const override;
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true;  // has weight (and bias)
  bool bias = true;                // false: an affine norm without a bias
  DType dtype = DType::f32;
};

// Normalises over the last dimensions, whose extents are `normalized_shape`, as torch.nn.LayerNorm.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(Sizes normalized_shape, const LayerNormOptions& options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  Sizes normalized_shape;
  double eps;
  bool elementwise_affine;
  Tensor weight, bias;  // normalized_shape, or undefined
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  // has weight (and bias)
  bool bias = true;    // false: an affine norm without a bias
  DType dtype = DType::f32;
};

// Normalises each of `num_groups` groups of channels of every sample, as torch.nn.GroupNorm: [N, C, ...].
// Throws ErrorKind::invalid_argument unless num_groups divides num_channels.
class GroupNorm : public Module {
 public:
  GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t num_groups, num_channels;
  double eps;
  bool affine;
  Tensor weight, bias;  // [num_channels], or undefined
};

struct RMSNormOptions {
  std::optional<double> eps = {};  // by default the dtype's machine epsilon
  bool elementwise_affine = true;  // has weight
  DType dtype = DType::f32;
};

// Divides by the root of the mean of squares over the last dimensions, as torch.nn.RMSNorm.
class RMSNorm : public Module {
 public:
  explicit RMSNorm(Sizes normalized_shape, const RMSNormOptions& options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  Sizes normalized_shape;
  std::optional<double> eps;
  bool elementwise_affine;
  Tensor weight;  // normalized_shape, or undefined
};

}  // namespace sconce::nn
