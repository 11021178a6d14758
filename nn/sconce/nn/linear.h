// Fully connected layers and reshaping between them.
#pragma once
#include <sconce/nn/module.h>

namespace sconce::nn {

struct LinearOptions {
  bool bias = true;
  DType dtype = DType::f32;
};

// x @ weight.T + bias, as torch.nn.Linear: [..., in_features] -> [..., out_features].
class Linear : public Module {
 public:
  Linear(int64_t in_features, int64_t out_features, LinearOptions options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t in_features, out_features;
  Tensor weight;  // [out_features, in_features]
  Tensor bias;    // [out_features], or undefined
};

// Gives back its input, as torch.nn.Identity.
class Identity : public Module {
 public:
  Tensor forward(const Tensor& x) const override { return x; }
};

// Joins the dimensions from start_dim to end_dim into one, as torch.nn.Flatten.
class Flatten : public Module {
 public:
  explicit Flatten(int64_t start = 1, int64_t end = -1) : start_dim(start), end_dim(end) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  int64_t start_dim, end_dim;
};

// Splits dimension `dim` into `unflattened_size`, in which one extent may be -1, as torch.nn.Unflatten.
class Unflatten : public Module {
 public:
  Unflatten(int64_t dimension, std::vector<int64_t> size)
      : dim(dimension), unflattened_size(std::move(size)) {}
  Tensor forward(const Tensor& x) const override;
  std::string extra_repr() const override;

  int64_t dim;
  std::vector<int64_t> unflattened_size;
};

}  // namespace sconce::nn
