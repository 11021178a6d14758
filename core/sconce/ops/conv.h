// Convolutions.
#pragma once
#include <sconce/ops/sizes.h>
#include <sconce/tensor.h>

namespace sconce {

// As torch.nn.functional.conv2d: input [n, c, h, w] or [c, h, w], weight [oc, c / groups, kh, kw], bias [oc];
// stride, padding and dilation are one number or {height, width}. Takes f64 f32 f16 bf16 i8 i16 i32 i64 u8
// complex64 complex128, all of one dtype; sums of f16 and bf16 are kept in f32 and rounded once, integers
// wrap around. Throws PyTorch's words (ErrorKind::invalid_argument) when the shapes or dtypes do not fit;
// ErrorKind::unsupported for another dtype.
Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {}, const Sizes& stride = 1,
              const ConvPadding& padding = 0, const Sizes& dilation = 1, int64_t groups = 1);

// As torch.nn.functional.conv1d: input [n, c, w] or [c, w], weight [oc, c / groups, kw].
Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {}, const Sizes& stride = 1,
              const ConvPadding& padding = 0, const Sizes& dilation = 1, int64_t groups = 1);

// As torch.nn.functional.conv3d: input [n, c, d, h, w] or [c, d, h, w], weight [oc, c / groups, kd, kh, kw]. Of
// floating and complex dtypes.
Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {}, const Sizes& stride = 1,
              const ConvPadding& padding = 0, const Sizes& dilation = 1, int64_t groups = 1);

// As torch.nn.functional.conv_transpose2d, the gradient of conv2d: input [n, c, h, w] or [c, h, w], weight [c, oc /
// groups, kh, kw] -> extents (h - 1) * stride - 2 * padding + dilation * (kh - 1) + output_padding + 1. Dtypes and
// errors as above; output_padding must be smaller than stride or dilation.
Tensor conv_transpose2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                        const Sizes& stride = 1, const Sizes& padding = 0, const Sizes& output_padding = 0,
                        int64_t groups = 1, const Sizes& dilation = 1);
// As torch.nn.functional.conv_transpose1d: input [n, c, w] or [c, w], weight [c, oc / groups, kw].
Tensor conv_transpose1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                        const Sizes& stride = 1, const Sizes& padding = 0, const Sizes& output_padding = 0,
                        int64_t groups = 1, const Sizes& dilation = 1);

}  // namespace sconce
