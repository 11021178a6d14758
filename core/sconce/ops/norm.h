// Normalisation.
#pragma once
#include <sconce/ops/sizes.h>
#include <sconce/tensor.h>

#include <optional>

namespace sconce {

// All take f64 f32 f16 bf16; the parameters have the input's dtype, or f32 beside an f16 or bf16 input. They
// throw PyTorch's words (ErrorKind::invalid_argument) when sizes or dtypes do not fit, ErrorKind::unsupported
// for another input dtype.

// As torch.nn.functional.batch_norm for inference: input [n, c, ...], the others [c] or undefined. Without
// training the running statistics are needed; with it (nn.BatchNorm2d(track_running_stats=False) uses that in
// eval(), too) the statistics are those of the batch, and running ones must not be given: they would have to
// be updated.
Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight = {}, const Tensor& bias = {}, bool training = false,
                  double momentum = 0.1, double eps = 1e-5);

// As torch.nn.functional.layer_norm: over the last dimensions, whose extents are normalized_shape, as
// weight's and bias'.
Tensor layer_norm(const Tensor& input, const Sizes& normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);

// As torch.nn.functional.group_norm: input [n, c, ...], weight and bias [c].
Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

// As torch.nn.functional.rms_norm: input / sqrt(mean of squares over the last dimensions + eps) * weight. eps is by
// default the input dtype's machine epsilon. The weight has the input's dtype.
Tensor rms_norm(const Tensor& input, const Sizes& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = {});

}  // namespace sconce
