// conv_transpose1d and conv_transpose2d: PyTorch's checks; eager, a convolution of the spread-out input with the turned
// kernel.
#include <sconce/ops/conv.h>
#include <sconce/ops/create.h>
#include <sconce/ops/pad.h>
#include <sconce/ops/rearrange.h>

#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy_elements.h"

namespace sconce {
namespace {

// One number for each spatial dimension.
std::vector<int64_t> each(const char* name, const Sizes& values, int64_t dims) {
  if (values.size() == 1) return std::vector<int64_t>(static_cast<size_t>(dims), values[0]);
  check(static_cast<int64_t>(values.size()) == dims, "expected ", name,
        " to be a single integer value or a list of ", dims,
        " values to match the convolution dimensions, but got ", name, "=", bracketed(values));
  return values;
}

struct Numbers {
  std::vector<int64_t> stride, padding, output_padding, dilation;
  int64_t groups;
  Shape out;  // with the batch dimension
};

// "stride_height: 1 stride_width: 2", as PyTorch says it; one dimension is the width.
std::string by_side(const char* name, const std::vector<int64_t>& values, int64_t height) {
  return concat(name, "_height: ", values.size() == 1 ? height : values[0], " ", name,
                "_width: ", values.back());
}

void check_output_padding(const Numbers& n) {
  bool fits = true;
  for (size_t d = 0; d < n.stride.size(); ++d)
    fits = fits && n.output_padding[d] < std::max(n.stride[d], n.dilation[d]);
  check(fits, "output padding must be smaller than either stride or dilation, but got ",
        by_side("output_padding", n.output_padding, 0), " ", by_side("stride", n.stride, 1), " ",
        by_side("dilation", n.dilation, 1));
}

// The last extents, "4 x 4"; one dimension has a height of 1.
std::string sides(const std::vector<int64_t>& extents, int64_t dims) {
  return concat(dims == 1 ? 1 : extents[extents.size() - 2], " x ", extents.back());
}

Numbers checked(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
                const Sizes& padding, const Sizes& output_padding, int64_t groups, const Sizes& dilation,
                int64_t dims) {
  check(input.dim() == dims + 1 || input.dim() == dims + 2, "Expected ", dims + 1, "D (unbatched) or ",
        dims + 2, "D (batched) input to conv_transpose", dims, "d, but got input of size: ", input.shape());
  check(weight.dim() == dims + 2, "[conv_transpose", dims, "d] expected a weight of ", dims + 2,
        " dimensions, got ", weight.dim());
  check(groups > 0, "non-positive groups is not supported");
  Numbers n{each("stride", stride, dims),
            each("padding", padding, dims),
            each("output_padding", output_padding, dims),
            each("dilation", dilation, dims),
            groups,
            {}};
  const int64_t channels = input.size(-dims - 1);
  check(weight.size(0) % groups == 0, "Given groups=", groups, ", expected weight to be divisible by ",
        groups, " at dimension 0, but got weight of size [", weight.shape(), "] instead");
  check(channels == weight.size(0), "Given transposed=1, weight of size ", weight.shape(), ", expected input",
        input.shape(), " to have ", weight.size(0), " channels, but got ", channels, " channels instead");
  const int64_t out_channels = weight.size(1) * groups;
  check(!bias.defined() || (bias.dim() == 1 && bias.size(0) == out_channels),
        "Given transposed=1, weight of size ", weight.shape(), ", expected bias to be 1-dimensional with ",
        out_channels, " elements, but got bias of size ", bias.defined() ? bias.shape() : Shape(),
        " instead");
  check(input.dtype() == weight.dtype(), "expected scalar type ", scalar_type_name(input.dtype()),
        " but found ", scalar_type_name(weight.dtype()));
  check(!bias.defined() || bias.dtype() == input.dtype(), "Input type (", type_meta_name(input.dtype()),
        ") and bias type (", type_meta_name(bias.defined() ? bias.dtype() : input.dtype()),
        ") should be the same");
  check_output_padding(n);
  bool fits = true;
  std::vector<int64_t> out{input.dim() == dims + 2 ? input.size(0) : 1, out_channels};
  for (size_t d = 0; d < static_cast<size_t>(dims); ++d) {
    check(n.padding[d] >= 0, "negative padding is not supported");
    check(n.output_padding[d] >= 0, "negative output_padding is not supported");
    check(n.stride[d] > 0, "non-positive stride is not supported");
    check(n.dilation[d] > 0, "dilation should be greater than zero, but got ", bracketed(n.dilation));
    const auto at = static_cast<int64_t>(d);
    const int64_t extent = input.size(at - dims), kernel = weight.size(at - dims);
    int64_t spread = 0, reach = 0, total = 0;
    check(checked_multiply(extent - 1, n.stride[d], spread) &&
              checked_multiply(kernel - 1, n.dilation[d], reach) && checked_add(spread, reach, total) &&
              checked_add(total, n.output_padding[d] + 1, total) && n.padding[d] < int64_t{1} << 61,
          "[conv_transpose", dims, "d] the output's extent does not fit 64 bits");
    total -= 2 * n.padding[d];
    check(extent > 0 && kernel > 0, "[conv_transpose", dims,
          "d] expected an input and a kernel with elements, got ", input.shape(), " and ", weight.shape());
    fits = fits && total > 0;
    out.push_back(total);
  }
  check(fits, "Given input size per channel: (", sides(input.shape().extents(), dims),
        "). Calculated output size per channel: (", sides(out, dims), "). Output size is too small");
  n.out = Shape(std::move(out));
  return n;
}

// [groups * a, b, h, w] -> [groups * b, a, h, w], every kernel turned by half a turn.
Tensor turned(const Tensor& weight, int64_t groups) {
  const int64_t a = weight.size(0) / groups, b = weight.size(1), h = weight.size(2), w = weight.size(3);
  const Tensor swapped = weight.reshape({groups, a, b, h, w}).transpose(1, 2).reshape({groups * b, a, h, w});
  return flip(swapped, {2, 3});
}

// For [n, c, h, w]: stride - 1 zeros between the pixels, and then the padding that makes it a plain convolution.
Tensor run(const Tensor& input, const Tensor& weight, const Tensor& bias, const Numbers& n) {
  const int64_t h = input.size(2), w = input.size(3);
  Tensor spread = input;
  if (n.stride[0] > 1 || n.stride[1] > 1) {
    spread = zeros({input.size(0), input.size(1), (h - 1) * n.stride[0] + 1, (w - 1) * n.stride[1] + 1},
                   input.dtype(), input.device());
    Tensor places = spread.slice(2, 0, spread.size(2), n.stride[0]).slice(3, 0, spread.size(3), n.stride[1]);
    copy_elements(input, places);
  }
  std::vector<int64_t> around;
  for (size_t d : {size_t{1}, size_t{0}}) {
    const int64_t before = n.dilation[d] * (weight.size(static_cast<int64_t>(d) + 2) - 1) - n.padding[d];
    around.insert(around.end(), {before, before + n.output_padding[d]});
  }
  return conv2d(pad(spread, around), turned(weight, n.groups), bias, 1, 0, n.dilation, n.groups);
}

Tensor conv_transpose(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
                      const Sizes& padding, const Sizes& output_padding, int64_t groups,
                      const Sizes& dilation, int64_t dims) {
  const char* op = dims == 1 ? "conv_transpose1d" : "conv_transpose2d";
  check_tensors(op, {&input, &weight}, {&bias});
  Numbers n = checked(input, weight, bias, stride, padding, output_padding, groups, dilation, dims);
  check_product_dtype(op, input.dtype());
  const bool batched = input.dim() == dims + 2;
  std::vector<int64_t> shape = n.out.extents();
  if (!batched) shape.erase(shape.begin());
  if (Recorder* r = Recorder::active())
    return r->record(concat("aten.", op, dims == 1 ? ".default" : ".input"),
                     {{"input", input},
                      {"weight", weight},
                      {"bias", bias},
                      {"stride", n.stride},
                      {"padding", n.padding},
                      {"output_padding", n.output_padding},
                      {"groups", groups},
                      {"dilation", n.dilation}},
                     Shape(shape), input.dtype());
  if (n.out.numel() == 0) return empty(Shape(shape), input.dtype(), input.device());
  Tensor x = batched ? input : input.unsqueeze(0), w = weight;
  if (dims == 1) {  // as images of height 1
    x = x.unsqueeze(2), w = w.unsqueeze(2);
    for (auto* values : {&n.stride, &n.dilation}) values->insert(values->begin(), 1);
    for (auto* values : {&n.padding, &n.output_padding}) values->insert(values->begin(), 0);
  }
  return run(x, w, bias, n).view(shape);
}

}  // namespace

Tensor conv_transpose2d(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
                        const Sizes& padding, const Sizes& output_padding, int64_t groups,
                        const Sizes& dilation) {
  return conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, 2);
}

Tensor conv_transpose1d(const Tensor& input, const Tensor& weight, const Tensor& bias, const Sizes& stride,
                        const Sizes& padding, const Sizes& output_padding, int64_t groups,
                        const Sizes& dilation) {
  return conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, 1);
}

}  // namespace sconce
