// Pooling: PyTorch's checks and its rules for the output's size.
#include <sconce/backend.h>
#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>
#include <sconce/ops/pool.h>

#include "ops/arguments.h"

namespace sconce {
namespace {

// One or two numbers as a pair; `words` is how PyTorch goes on after the argument's name.
Pair pair_of(const char* op, const char* name, const Sizes& values, const char* words) {
  check(values.size() == 1 || values.size() == 2, op, ": ", name, words);
  return {values[0], values.back()};
}

int64_t output_extent(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                      bool ceil_mode) {
  check(stride != 0, "stride should not be zero");
  check(pad >= 0, "pad must be non-negative, but got pad: ", pad);
  int64_t reach = 0, padded = 0, twice = 0;
  check(checked_multiply(kernel - 1, dilation, reach) && checked_add(reach, 1, reach) &&
            checked_multiply(pad, 2, twice) && checked_add(in, twice, padded),
        "[pool] the window does not fit 64 bits");
  check(pad <= reach / 2, "pad should be at most half of effective kernel size, but got pad=", pad,
        ", kernel_size=", kernel, " and dilation=", dilation);
  if (stride < 0) return 0;  // refused by the caller, in its turn
  const int64_t room = padded - reach + (ceil_mode ? stride - 1 : 0);
  int64_t out = (room >= 0 ? room / stride : -((-room + stride - 1) / stride)) + 1;
  // The last window must begin inside the image or its left padding.
  if (ceil_mode && (out - 1) * stride >= in + pad) --out;
  return out;
}

struct Window {
  Pair kernel, stride, padding, dilation;
  Shape out;
};

Window window_of(const char* op, const Tensor& input, const Sizes& kernel_size, const Sizes& stride,
                 const Sizes& padding, const Sizes& dilation, bool ceil_mode) {
  Window p;
  p.kernel = pair_of(op, "kernel_size", kernel_size, " must either be a single int, or a tuple of two ints");
  p.stride = stride.empty() ? p.kernel
                            : pair_of(op, "stride", stride,
                                      " must either be omitted, a single int, or a tuple of two ints");
  p.padding = pair_of(op, "padding", padding, " must either be a single int, or a tuple of two ints");
  p.dilation = pair_of(op, "dilation", dilation, " must be either a single int, or a tuple of two ints");
  const int64_t channels = input.size(-3), h = input.size(-2), w = input.size(-1);
  const int64_t oh = output_extent(h, p.kernel[0], p.stride[0], p.padding[0], p.dilation[0], ceil_mode);
  const int64_t ow = output_extent(w, p.kernel[1], p.stride[1], p.padding[1], p.dilation[1], ceil_mode);
  check(p.kernel[0] > 0 && p.kernel[1] > 0,
        "kernel size should be greater than zero, but got kH: ", p.kernel[0], " kW: ", p.kernel[1]);
  check(p.stride[0] > 0 && p.stride[1] > 0, "stride should be greater than zero, but got dH: ", p.stride[0],
        " dW: ", p.stride[1]);
  check(p.dilation[0] > 0 && p.dilation[1] > 0,
        "dilation should be greater than zero, but got dilationH: ", p.dilation[0],
        " dilationW: ", p.dilation[1]);
  check((input.dim() == 3 || input.dim() == 4) && channels > 0 && h > 0 && w > 0,
        "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:",
        input.shape());
  check(p.padding[0] <= p.kernel[0] / 2 && p.padding[1] <= p.kernel[1] / 2,
        "pad should be smaller than or equal to half of kernel size, but got padW = ", p.padding[1],
        ", padH = ", p.padding[0], ", kW = ", p.kernel[1], ", kH = ", p.kernel[0]);
  check(oh >= 1 && ow >= 1, "Given input size: (", channels, "x", h, "x", w, "). Calculated output size: (",
        channels, "x", oh, "x", ow, "). Output size is too small");
  std::vector<int64_t> extents = input.shape().extents();
  extents[extents.size() - 2] = oh, extents[extents.size() - 1] = ow;
  p.out = Shape(std::move(extents));
  return p;
}

std::vector<int64_t> list(const Pair& pair) { return {pair[0], pair[1]}; }

// With a batch dimension; another handle on the same bytes.
Tensor batched(const Tensor& t) { return t.dim() == 3 ? t.unsqueeze(0) : t; }

void check_floating(const char* op, DType dtype, bool also_i64) {
  if (also_i64 && dtype == DType::i64) return;
  with_floating_type(op, dtype, []<class T>() {});
}

std::pair<Tensor, Tensor> max_pool(const Tensor& input, const Sizes& kernel_size, const Sizes& stride,
                                   const Sizes& padding, const Sizes& dilation, bool ceil_mode,
                                   bool with_indices) {
  check_tensors("max_pool2d", {&input});
  check(input.dim() == 3 || input.dim() == 4, "non-empty 3D or 4D (batch mode) tensor expected for input");
  const Window p = window_of("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode);
  if (input.dtype() == DType::boolean) fail_dtype("max_pool2d", DType::boolean);
  with_real_type("max_pool2d", input.dtype(), []<class T>() {});
  if (Recorder* r = Recorder::active()) {
    Recorder::Inputs arguments{{"self", input},
                               {"kernel_size", list(p.kernel)},
                               {"stride", list(p.stride)},
                               {"padding", list(p.padding)},
                               {"dilation", list(p.dilation)},
                               {"ceil_mode", ceil_mode}};
    if (!with_indices)
      return {r->record("aten.max_pool2d.default", std::move(arguments), p.out, input.dtype()), {}};
    auto both = r->record("aten.max_pool2d_with_indices.default", std::move(arguments),
                          {{p.out, input.dtype()}, {p.out, DType::i64}});
    return {both[0], both[1]};
  }
  Tensor out = empty(p.out, input.dtype(), input.device());
  Tensor indices = with_indices ? empty(p.out, DType::i64, input.device()) : Tensor();
  if (out.numel() > 0) {
    const Tensor x = batched(input.contiguous());
    Tensor y = batched(out), where = with_indices ? batched(indices) : Tensor();
    backend_of(out.device()).max_pool2d({x, p.kernel, p.stride, p.padding, p.dilation, y, where});
  }
  return {out, indices};
}

// The output's shape; `got` and `output_words` are where the words of the two adaptive poolings differ.
Shape adaptive_shape(const char* op, const Tensor& input, const Sizes& output_size, bool largest) {
  check(output_size.size() == 1 || output_size.size() == 2, op,
        largest ? "(): internal error: output_size.size() must be 2" : ": output_size must be 2");
  check(input.dim() == 3 || input.dim() == 4, op, "(): Expected 3D or 4D tensor, but got",
        largest ? ": " : " ", input.shape());
  std::vector<int64_t> extents = input.shape().extents();
  std::array<int64_t, 2> wanted{output_size[0], output_size.back()};
  for (size_t i = 0; i < 2; ++i)
    if (wanted[i] == keep_extent) wanted[i] = input.size(static_cast<int64_t>(i) - 2);
  check(wanted[0] >= 0 && wanted[1] >= 0, op,
        ": elements of output_size must be greater than or equal to 0 but received {", wanted[0], ", ",
        wanted[1], "}");
  for (int64_t d = input.dim() - (largest ? 3 : 2); d < input.dim(); ++d)
    check(input.size(d) > 0, op,
          "(): Expected input to have non-zero size for non-batch dimensions, but input has sizes ",
          input.shape(), " with dimension ", d, " being empty");
  extents[extents.size() - 2] = wanted[0], extents[extents.size() - 1] = wanted[1];
  return Shape(std::move(extents));
}

std::pair<Tensor, Tensor> adaptive_pool(const char* op, const Tensor& input, const Sizes& output_size,
                                        bool largest, bool with_indices) {
  check_tensors(op, {&input});
  const Shape shape = adaptive_shape(op, input, output_size, largest);
  check_floating(op, input.dtype(), false);
  if (Recorder* r = Recorder::active()) {
    Recorder::Inputs arguments{{"self", input}, {"output_size", std::vector<int64_t>{shape[-2], shape[-1]}}};
    if (!largest)
      return {r->record("aten.adaptive_avg_pool2d.default", std::move(arguments), shape, input.dtype()), {}};
    auto both = r->record("aten.adaptive_max_pool2d.default", std::move(arguments),
                          {{shape, input.dtype()}, {shape, DType::i64}});
    return {both[0], both[1]};
  }
  Tensor out = empty(shape, input.dtype(), input.device());
  Tensor indices = with_indices ? empty(shape, DType::i64, input.device()) : Tensor();
  if (out.numel() > 0) {
    const Tensor x = batched(input.contiguous());
    Tensor y = batched(out), where = with_indices ? batched(indices) : Tensor();
    backend_of(out.device()).adaptive_pool2d({x, largest, y, where});
  }
  return {out, indices};
}

}  // namespace

Tensor max_pool2d(const Tensor& input, const Sizes& kernel_size, const Sizes& stride, const Sizes& padding,
                  const Sizes& dilation, bool ceil_mode) {
  return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, false).first;
}

std::pair<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input, const Sizes& kernel_size,
                                                  const Sizes& stride, const Sizes& padding,
                                                  const Sizes& dilation, bool ceil_mode) {
  return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, true);
}

Tensor avg_pool2d(const Tensor& input, const Sizes& kernel_size, const Sizes& stride, const Sizes& padding,
                  bool ceil_mode, bool count_include_pad, std::optional<int64_t> divisor_override) {
  check_tensors("avg_pool2d", {&input});
  const Window p = window_of("avg_pool2d", input, kernel_size, stride, padding, 1, ceil_mode);
  check(divisor_override != 0, "divisor must be not zero");
  check_floating("avg_pool2d", input.dtype(), true);
  if (Recorder* r = Recorder::active()) {
    Recorder::Input divisor;
    if (divisor_override) divisor = *divisor_override;
    return r->record("aten.avg_pool2d.default",
                     {{"self", input},
                      {"kernel_size", list(p.kernel)},
                      {"stride", list(p.stride)},
                      {"padding", list(p.padding)},
                      {"ceil_mode", ceil_mode},
                      {"count_include_pad", count_include_pad},
                      {"divisor_override", divisor}},
                     p.out, input.dtype());
  }
  Tensor out = empty(p.out, input.dtype(), input.device());
  if (out.numel() > 0) {
    const Tensor x = batched(input.contiguous());
    Tensor y = batched(out);
    backend_of(out.device())
        .avg_pool2d({x, p.kernel, p.stride, p.padding, count_include_pad, divisor_override.value_or(0), y});
  }
  return out;
}

Tensor adaptive_avg_pool2d(const Tensor& input, const Sizes& output_size) {
  return adaptive_pool("adaptive_avg_pool2d", input, output_size, false, false).first;
}

Tensor adaptive_max_pool2d(const Tensor& input, const Sizes& output_size) {
  return adaptive_pool("adaptive_max_pool2d", input, output_size, true, false).first;
}

std::pair<Tensor, Tensor> adaptive_max_pool2d_with_indices(const Tensor& input, const Sizes& output_size) {
  return adaptive_pool("adaptive_max_pool2d", input, output_size, true, true);
}

}  // namespace sconce
