// rms_norm: PyTorch's checks; eager, it is a mean of squares and products.
#include <sconce/ops/elementwise.h>
#include <sconce/ops/norm.h>
#include <sconce/ops/promotion.h>
#include <sconce/ops/reduce.h>

#include <limits>

#include "ops/dtype_set.h"

namespace sconce {
namespace {

// torch.finfo(dtype).eps
double epsilon_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return std::numeric_limits<double>::epsilon();
    case DType::f16: return 0x1p-10;
    case DType::bf16: return 0x1p-7;
    default: return std::numeric_limits<float>::epsilon();
  }
}

}  // namespace

Tensor rms_norm(const Tensor& input, const Sizes& normalized_shape, const Tensor& weight,
                std::optional<double> eps) {
  check_tensors("rms_norm", {&input}, {&weight});
  check_dtype("rms_norm", input.dtype(), dtypes::floats);
  const auto& in = input.shape().extents();
  const auto n = static_cast<std::ptrdiff_t>(normalized_shape.size());
  const std::string sizes = bracketed(normalized_shape);
  check(n > 0,
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but "
        "got "
        "normalized_shape = ",
        sizes);
  check(!weight.defined() || weight.shape().extents() == normalized_shape,
        "Expected weight to be of same shape as normalized_shape, but got weight of shape ", weight.shape(),
        " and normalized_shape = ", sizes);
  check(std::ssize(in) >= n && std::equal(normalized_shape.begin(), normalized_shape.end(), in.end() - n),
        "Given normalized_shape=", sizes, ", expected input with shape [*", sizes.substr(1),
        ", but got input of size", input.shape());
  check(!weight.defined() || weight.dtype() == input.dtype(), "expected scalar type ",
        scalar_type_name(input.dtype()), " but found ", scalar_type_name(weight.dtype()));
  if (Recorder* r = Recorder::active())
    return r->record("aten.rms_norm.default",
                     {{"input", input},
                      {"normalized_shape", std::vector<int64_t>(normalized_shape)},
                      {"weight", weight},
                      {"eps", eps ? Recorder::Input(*eps) : Recorder::Input()}},
                     input.shape(), input.dtype());
  const DType compute = compute_dtype(input.dtype());
  const Tensor x = input.to(compute);
  std::vector<int64_t> dims;
  for (std::ptrdiff_t d = 0; d < n; ++d) dims.push_back(-1 - d);
  Tensor y = mul(x, rsqrt(add(mean(square(x), dims, true), eps.value_or(epsilon_of(input.dtype())))));
  if (weight.defined()) y = mul(y, weight.to(compute));
  return y.to(input.dtype());
}

}  // namespace sconce
