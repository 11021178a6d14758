#include <sconce/nn/pool.h>
#include <sconce/ops.h>

namespace sconce::nn {

MaxPool2d::MaxPool2d(Pair kernel, MaxPool2dOptions o)
    : kernel_size(kernel),
      stride(o.stride.given() ? o.stride : kernel),
      padding(o.padding),
      dilation(o.dilation),
      ceil_mode(o.ceil_mode) {}

Tensor MaxPool2d::forward(const Tensor& x) const {
  return max_pool2d(x, kernel_size, stride, padding, dilation, ceil_mode);
}

std::string MaxPool2d::extra_repr() const {
  return concat("kernel_size=", kernel_size.str(), ", stride=", stride.str(), ", padding=", padding.str(),
                ", dilation=", dilation.str(), ", ceil_mode=", ceil_mode ? "True" : "False");
}

AvgPool2d::AvgPool2d(Pair kernel, AvgPool2dOptions o)
    : kernel_size(kernel),
      stride(o.stride.given() ? o.stride : kernel),
      padding(o.padding),
      ceil_mode(o.ceil_mode),
      count_include_pad(o.count_include_pad),
      divisor_override(o.divisor_override) {}

Tensor AvgPool2d::forward(const Tensor& x) const {
  return avg_pool2d(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override);
}

std::string AvgPool2d::extra_repr() const {
  return concat("kernel_size=", kernel_size.str(), ", stride=", stride.str(), ", padding=", padding.str());
}

Tensor AdaptiveAvgPool2d::forward(const Tensor& x) const { return adaptive_avg_pool2d(x, output_size); }
std::string AdaptiveAvgPool2d::extra_repr() const { return "output_size=" + output_size.str(); }

Tensor AdaptiveMaxPool2d::forward(const Tensor& x) const { return adaptive_max_pool2d(x, output_size); }
std::string AdaptiveMaxPool2d::extra_repr() const { return "output_size=" + output_size.str(); }

}  // namespace sconce::nn
