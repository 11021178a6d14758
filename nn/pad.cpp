#include <sconce/nn/pad.h>
#include <sconce/ops.h>

#include "python_repr.h"

namespace sconce::nn {
namespace {

std::vector<int64_t> sides(const ImagePadding& p) { return {p.left, p.right, p.top, p.bottom}; }

}  // namespace

Tensor ZeroPad2d::forward(const Tensor& x) const { return pad(x, sides(padding)); }
Tensor ConstantPad2d::forward(const Tensor& x) const { return pad(x, sides(padding), "constant", value); }
std::string ConstantPad2d::extra_repr() const {
  return "padding=" + padding.str() + ", value=" + python_repr(value);
}
Tensor ReflectionPad2d::forward(const Tensor& x) const { return pad(x, sides(padding), "reflect"); }
Tensor ReplicationPad2d::forward(const Tensor& x) const { return pad(x, sides(padding), "replicate"); }

Upsample::Upsample(UpsampleOptions o) : options(std::move(o)) {
  check(options.size.given() != options.scale_factor.has_value(),
        "only one of size or scale_factor should be defined, and one of them must be");
}

Tensor Upsample::forward(const Tensor& x) const {
  InterpolateOptions o;
  if (options.size.given())
    o.size = options.size;
  else
    o.scale_factor = *options.scale_factor;
  o.mode = options.mode;
  o.align_corners = options.align_corners;
  return interpolate(x, o);
}

std::string Upsample::extra_repr() const {
  const std::string what = options.size.given() ? "size=" + options.size.str()
                                                : "scale_factor=" + python_repr(*options.scale_factor);
  return what + ", mode=" + python_repr(options.mode);
}

}  // namespace sconce::nn
