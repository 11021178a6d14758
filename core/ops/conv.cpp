// conv1d, conv2d and conv3d: PyTorch's checks and its rule for the output's size; all run as conv2d, conv1d with height
// 1, conv3d with the planes under the kernel side by side as channels.
#include <sconce/backend.h>
#include <sconce/kernel_args.h>
#include <sconce/ops/conv.h>
#include <sconce/ops/create.h>
#include <sconce/ops/pad.h>
#include <sconce/ops/view.h>

#include <algorithm>

#include "ops/arguments.h"

namespace sconce {
namespace {

// One number for each spatial dimension.
std::vector<int64_t> for_each_dimension(const char* name, const Sizes& values, int64_t dims) {
  if (values.size() == 1) return std::vector<int64_t>(static_cast<size_t>(dims), values[0]);
  check(static_cast<int64_t>(values.size()) == dims, "expected ", name,
        " to be a single integer value or a list of ", dims,
        " values to match the convolution dimensions, but got ", name, "=", bracketed(values));
  return values;
}

std::string joined_by_x(const std::vector<int64_t>& values) {
  std::string text;
  for (int64_t v : values) text += (text.empty() ? "" : " x ") + std::to_string(v);
  return text;
}

bool any_below(const std::vector<int64_t>& values, int64_t least) {
  return std::any_of(values.begin(), values.end(), [least](int64_t v) { return v < least; });
}

// A convolution's numbers, all checked; batch dimension added.
struct Plan {
  std::vector<int64_t> stride, before, total, dilation;  // padding before, and before plus after
  Shape out;
};

Plan plan(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
          const ConvPadding& padding, const Sizes& dilation, int64_t groups, int64_t dims) {
  check(input.dim() == dims + 1 || input.dim() == dims + 2, "Expected ", dims + 1, "D (unbatched) or ",
        dims + 2, "D (batched) input to conv", dims, "d, but got input of size: ", input.shape());
  std::vector<int64_t> in = input.shape().extents();
  if (input.dim() == dims + 1) in.insert(in.begin(), 1);
  const int64_t rank = weight.dim();
  const std::vector<int64_t>& w = weight.shape().extents();
  check(rank > 2, "weight should have at least three dimensions");
  check(groups > 0, "non-positive groups is not supported");
  const bool same = padding.mode == "same";
  check(padding.mode.empty() || same || padding.mode == "valid", "Invalid padding string: '", padding.mode,
        "'");
  Plan p;
  p.stride = for_each_dimension("stride", stride, rank - 2);
  if (same)
    for (int64_t s : p.stride) check(s == 1, "padding='same' is not supported for strided convolutions");
  p.before = padding.mode.empty() ? for_each_dimension("padding", padding.sizes, rank - 2)
                                  : std::vector<int64_t>(static_cast<size_t>(rank - 2), 0);
  p.dilation = for_each_dimension("dilation", dilation, rank - 2);
  check(!any_below(p.before, 0), "negative padding is not supported");
  check(!any_below(p.stride, 1), "non-positive stride is not supported");
  check(!any_below(p.dilation, 1), "dilation should be greater than zero, but got ", bracketed(p.dilation));
  check(rank == dims + 2, "Expected ", rank, "-dimensional input for ", rank, "-dimensional weight ",
        weight.shape(), ", but got ", dims + 2, "-dimensional input of size ", Shape(in), " instead");
  check(w[0] >= groups, "Given groups=", groups, ", expected weight to be at least ", groups,
        " at dimension 0, but got weight of size ", weight.shape(), " instead");
  check(w[0] % groups == 0, "Given groups=", groups, ", expected weight to be divisible by ", groups,
        " at dimension 0, but got weight of size [", weight.shape(), "] instead");
  check(in[1] == w[1] * groups, "Given groups=", groups, ", weight of size ", weight.shape(),
        ", expected input", Shape(in), " to have ", w[1] * groups, " channels, but got ", in[1],
        " channels instead");
  check(!bias.defined() || (bias.dim() == 1 && bias.size(0) == w[0]), "Given weight of size ", weight.shape(),
        ", expected bias to be 1-dimensional with ", w[0], " elements", ", but got bias of size ",
        bias.shape(), " instead");
  std::vector<int64_t> out{in[0], w[0]}, padded, reach;
  bool fits = true;
  for (size_t d = 0; d < static_cast<size_t>(dims); ++d) {
    const int64_t kernel = w[d + 2];
    check(kernel > 0, "kernel size should be greater than zero, but got kernel_height: ", w[2],
          " kernel_width: ", w.back());
    int64_t span = 0, twice = 0, extent = 0;
    check(checked_multiply(p.dilation[d], kernel - 1, span) && checked_multiply(p.before[d], 2, twice) &&
              checked_add(in[d + 2], same ? span : twice, extent) && checked_add(span, 1, span),
          "[conv", dims, "d] the padding or dilation does not fit 64 bits");
    p.total.push_back(same ? span - 1 : twice);
    if (same) p.before[d] = (span - 1) / 2;
    padded.push_back(extent);
    reach.push_back(span);
    fits = fits && span <= extent;
    out.push_back((extent - span) / p.stride[d] + 1);
  }
  check(fits, "Calculated padded input size per channel: (", joined_by_x(padded), "). Kernel size: (",
        joined_by_x(reach), "). Kernel size can't be greater than actual input size");
  for (size_t d = 2; d < in.size(); ++d)
    check(in[d] > 0,
          "Only zero batch or zero channel inputs are supported, but got input shape: ", Shape(in));
  check(input.dtype() == weight.dtype(), "expected scalar type ", scalar_type_name(input.dtype()),
        " but found ", scalar_type_name(weight.dtype()));
  check(!bias.defined() || bias.dtype() == input.dtype(), "Input type (", type_meta_name(input.dtype()),
        ") and bias type (", type_meta_name(bias.dtype()), ") should be the same");
  p.out = Shape(std::move(out));
  return p;
}

// [n, c, d, h, w] as [n * od, c * kd, h, w]: for each output plane the input planes that it sees.
Tensor planes_as_channels(const Tensor& input, const Plan& p, int64_t kernel) {
  const int64_t n = input.size(0), c = input.size(1), h = input.size(3), w = input.size(4);
  const int64_t before = p.before[0], after = p.total[0] - before, out = p.out[2];
  const Tensor x = before != 0 || after != 0 ? pad(input, std::vector<int64_t>{0, 0, 0, 0, before, after})
                                             : input.contiguous();
  const Tensor seen = as_strided(x, {n, out, c, kernel, h, w},
                                 {x.stride(0), x.stride(2) * p.stride[0], x.stride(1),
                                  x.stride(2) * p.dilation[0], x.stride(3), x.stride(4)});
  return seen.reshape({n * out, c * kernel, h, w});
}

Tensor run_conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias, const Plan& p,
                  int64_t groups) {
  const Tensor x = planes_as_channels(input, p, weight.size(2));
  const Tensor w =
      weight.reshape({weight.size(0), weight.size(1) * weight.size(2), weight.size(3), weight.size(4)});
  Tensor y = empty({x.size(0), p.out[1], p.out[3], p.out[4]}, input.dtype(), input.device());
  const Tensor b = bias.defined() ? bias.contiguous() : bias;
  backend_of(y.device())
      .conv2d({x,
               w,
               b,
               {p.stride[1], p.stride[2]},
               {p.before[1], p.before[2]},
               {p.dilation[1], p.dilation[2]},
               groups,
               y});
  return y.view({p.out[0], p.out[2], p.out[1], p.out[3], p.out[4]}).transpose(1, 2).contiguous();
}

Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
                   const ConvPadding& padding, const Sizes& dilation, int64_t groups, int64_t dims) {
  const char* op = dims == 1 ? "conv1d" : dims == 2 ? "conv2d" : "conv3d";
  check_tensors(op, {&input, &weight}, {&bias});
  const Plan p = plan(input, weight, bias, stride, padding, dilation, groups, dims);
  check_product_dtype(op, input.dtype());
  const bool batched = input.dim() == dims + 2;
  std::vector<int64_t> shape = p.out.extents();
  if (!batched) shape.erase(shape.begin());
  if (Recorder* r = Recorder::active()) {
    const bool named = !padding.mode.empty();
    Recorder::Input pads = p.before;
    if (named) pads = padding.mode;
    return r->record(concat("aten.", op, named ? ".padding" : ".default"),
                     {{"input", input},
                      {"weight", weight},
                      {"bias", bias},
                      {"stride", p.stride},
                      {"padding", pads},
                      {"dilation", p.dilation},
                      {"groups", groups}},
                     Shape(shape), input.dtype());
  }
  if (dims == 3 && p.out.numel() > 0 && weight.size(1) > 0) {
    const Tensor out = run_conv3d(batched ? input : input.unsqueeze(0), weight, bias, p, groups);
    return batched ? out : out.view(shape);
  }
  Tensor out = empty(p.out, input.dtype(), input.device());
  if (out.numel() > 0) {
    Tensor x = input.contiguous(), w = weight.contiguous(), y = out;
    const Tensor b = bias.defined() ? bias.contiguous() : bias;
    if (!batched) x = x.unsqueeze(0);
    Pair steps{1, p.stride[0]}, before{0, p.before[0]}, gaps{1, p.dilation[0]};
    if (dims == 1) {
      x = x.unsqueeze(2), w = w.unsqueeze(2), y = y.unsqueeze(2);
    } else {
      steps = {p.stride[0], p.stride[1]}, before = {p.before[0], p.before[1]},
      gaps = {p.dilation[0], p.dilation[1]};
    }
    backend_of(out.device()).conv2d({x, w, b, steps, before, gaps, groups, y});
  }
  return batched ? out : out.view(shape);
}

}  // namespace

Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
              const ConvPadding& padding, const Sizes& dilation, int64_t groups) {
  return convolution(input, weight, bias, stride, padding, dilation, groups, 2);
}

Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
              const ConvPadding& padding, const Sizes& dilation, int64_t groups) {
  return convolution(input, weight, bias, stride, padding, dilation, groups, 1);
}

Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
              const ConvPadding& padding, const Sizes& dilation, int64_t groups) {
  return convolution(input, weight, bias, stride, padding, dilation, groups, 3);
}

}  // namespace sconce
