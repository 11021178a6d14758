// Pooling over the last two dimensions.
#pragma once
#include <sconce/ops/sizes.h>
#include <sconce/tensor.h>

#include <optional>
#include <utility>

namespace sconce {

// Inputs are [n, c, h, w] or [c, h, w]; kernel_size, stride, padding and dilation are one number or {height,
// width}, and an empty stride means the kernel's size. All throw PyTorch's words
// (ErrorKind::invalid_argument) when sizes do not fit, and ErrorKind::unsupported for a dtype that PyTorch
// does not take either.

// As torch.nn.functional.max_pool2d, for real dtypes but bool; a NaN in the window wins.
Tensor max_pool2d(const Tensor& input, const Sizes& kernel_size, const Sizes& stride = {},
                  const Sizes& padding = 0, const Sizes& dilation = 1, bool ceil_mode = false);
// The same with return_indices=True: the values, and for each its index (i64) within its h * w plane.
std::pair<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input, const Sizes& kernel_size,
                                                  const Sizes& stride = {}, const Sizes& padding = 0,
                                                  const Sizes& dilation = 1, bool ceil_mode = false);

// As torch.nn.functional.avg_pool2d, for f64 f32 f16 bf16 and i64 (whose quotients are cut off). Divides by
// the window's size with the padding in it, or without, or by divisor_override.
Tensor avg_pool2d(const Tensor& input, const Sizes& kernel_size, const Sizes& stride = {},
                  const Sizes& padding = 0, bool ceil_mode = false, bool count_include_pad = true,
                  std::optional<int64_t> divisor_override = std::nullopt);

// As torch.nn.functional.adaptive_avg_pool2d, for f64 f32 f16 bf16. Of output_size, keep_extent leaves an
// extent as it is.
Tensor adaptive_avg_pool2d(const Tensor& input, const Sizes& output_size);
// As torch.nn.functional.adaptive_max_pool2d, for f64 f32 f16 bf16; with the indices as above.
Tensor adaptive_max_pool2d(const Tensor& input, const Sizes& output_size);
std::pair<Tensor, Tensor> adaptive_max_pool2d_with_indices(const Tensor& input, const Sizes& output_size);

}  // namespace sconce
