#include <sconce/nn/norm.h>
#include <sconce/ops.h>

#include "parameters.h"
#include "python_repr.h"

namespace sconce::nn {

BatchNorm::BatchNorm(int64_t features, const BatchNormOptions& o)
    : num_features(features),
      eps(o.eps),
      momentum(o.momentum),
      affine(o.affine),
      track_running_stats(o.track_running_stats) {
  if (affine) {
    weight = one_parameter({features}, o.dtype);
    if (o.bias) bias = zero_parameter({features}, o.dtype);
  }
  if (track_running_stats) {
    running_mean = zero_parameter({features}, o.dtype);
    running_var = one_parameter({features}, o.dtype);
    num_batches_tracked = zero_parameter({}, DType::i64);
  }
}

Tensor BatchNorm::forward(const Tensor& x) const {
  check_rank(x.dim());
  return batch_norm(x, running_mean, running_var, weight, bias, !track_running_stats, momentum.value_or(0.0),
                    eps);
}

void BatchNorm::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
  w.buffer("running_mean", running_mean);
  w.buffer("running_var", running_var);
  w.buffer("num_batches_tracked", num_batches_tracked);
}

std::string BatchNorm::extra_repr() const {
  const auto word = [](bool b) { return b ? "True" : "False"; };
  return concat(num_features, ", eps=", python_repr(eps),
                ", momentum=", momentum ? python_repr(*momentum) : "None", ", affine=", word(affine),
                ", bias=", word(bias.defined()), ", track_running_stats=", word(track_running_stats));
}

bool BatchNorm::may_be_absent(std::string_view name, std::optional<int64_t> version) const {
  return name == "num_batches_tracked" && version.value_or(1) < 2;
}

void BatchNorm1d::check_rank(int64_t dims) const {
  check(dims == 2 || dims == 3, "expected 2D or 3D input (got ", dims, "D input)");
}
void BatchNorm2d::check_rank(int64_t dims) const {
  check(dims == 4, "expected 4D input (got ", dims, "D input)");
}

LayerNorm::LayerNorm(Sizes shape, const LayerNormOptions& o)
    : normalized_shape(std::move(shape)), eps(o.eps), elementwise_affine(o.elementwise_affine) {
  if (!elementwise_affine) return;
  weight = one_parameter(Shape(normalized_shape), o.dtype);
  if (o.bias) bias = zero_parameter(Shape(normalized_shape), o.dtype);
}

Tensor LayerNorm::forward(const Tensor& x) const {
  return layer_norm(x, normalized_shape, weight, bias, eps);
}

void LayerNorm::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string LayerNorm::extra_repr() const {
  std::string shape;
  for (const int64_t n : normalized_shape) shape += (shape.empty() ? "" : ", ") + std::to_string(n);
  return concat("(", shape, normalized_shape.size() == 1 ? ",)" : ")", ", eps=", python_repr(eps),
                ", elementwise_affine=", elementwise_affine ? "True" : "False",
                ", bias=", bias ? "True" : "False");
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& o)
    : num_groups(groups), num_channels(channels), eps(o.eps), affine(o.affine) {
  check(groups > 0 && channels % groups == 0, "num_channels (", channels,
        ") must be divisible by num_groups (", groups, ")");
  if (!affine) return;
  weight = one_parameter({channels}, o.dtype);
  if (o.bias) bias = zero_parameter({channels}, o.dtype);
}

Tensor GroupNorm::forward(const Tensor& x) const { return group_norm(x, num_groups, weight, bias, eps); }

void GroupNorm::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string GroupNorm::extra_repr() const {
  return concat(num_groups, ", ", num_channels, ", eps=", python_repr(eps),
                ", affine=", affine ? "True" : "False", ", bias=", bias ? "True" : "False");
}

RMSNorm::RMSNorm(Sizes shape, const RMSNormOptions& o)
    : normalized_shape(std::move(shape)), eps(o.eps), elementwise_affine(o.elementwise_affine) {
  if (elementwise_affine) weight = one_parameter(Shape(normalized_shape), o.dtype);
}

Tensor RMSNorm::forward(const Tensor& x) const { return rms_norm(x, normalized_shape, weight, eps); }

void RMSNorm::members(Walk& w) { w("weight", weight); }

std::string RMSNorm::extra_repr() const {
  std::string sizes;
  for (const int64_t n : normalized_shape) sizes += (sizes.empty() ? "" : ", ") + std::to_string(n);
  return concat("(", sizes, normalized_shape.size() == 1 ? ",)" : ")",
                ", eps=", eps ? python_repr(*eps) : "None",
                ", elementwise_affine=", elementwise_affine ? "True" : "False");
}

}  // namespace sconce::nn
