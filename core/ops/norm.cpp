// batch_norm, layer_norm and group_norm: PyTorch's checks.
#include <sconce/backend.h>
#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>
#include <sconce/ops/norm.h>

#include "ops/arguments.h"

namespace sconce {
namespace {

// Parameters have the input's dtype, or are f32 beside a small float.
void check_dtypes(const char* op, const Tensor& input, std::initializer_list<const Tensor*> parameters) {
  with_floating_type(op, input.dtype(), []<class T>() {});
  const Tensor* first = nullptr;
  bool all_f32 = true;
  for (const Tensor* p : parameters) {
    if (!p->defined()) continue;
    if (!first) first = p;
    all_f32 = all_f32 && p->dtype() == DType::f32;
  }
  if (!first) return;
  if (first->dtype() == input.dtype()) {
    for (const Tensor* p : parameters)
      check(!p->defined() || p->dtype() == input.dtype(), "expected scalar type ",
            scalar_type_name(input.dtype()), " but found ", scalar_type_name(p->dtype()));
    return;
  }
  check(all_f32, "mixed dtype (CPU): expect parameter to have scalar type of Float");
  check(input.dtype() == DType::f16 || input.dtype() == DType::bf16,
        "mixed dtype (CPU): all inputs must share same datatype.");
}

void check_count(const char* name, const Tensor& parameter, int64_t channels) {
  check(!parameter.defined() || parameter.numel() == channels, name, " should contain ", channels,
        " elements not ", parameter.numel());
  check(!parameter.defined() || parameter.dim() == 1, "[batch_norm] expected ", name,
        " to have 1 dimension, got ", parameter.dim());
}

Tensor dense(const Tensor& t) { return t.defined() ? t.contiguous() : t; }

}  // namespace

Tensor batch_norm(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                  const Tensor& weight, const Tensor& bias, bool training, double momentum, double eps) {
  check_tensors("batch_norm", {&input}, {&running_mean, &running_var, &weight, &bias});
  check(input.dim() >= 2, "[batch_norm] expected an input of at least 2 dimensions, got ", input.dim());
  const int64_t channels = input.size(1);
  if (training) {
    check(input.numel() == 0 || input.numel() != channels,
          "Expected more than 1 value per channel when training, got input size torch.Size(", input.shape(),
          ")");
    if (running_mean.defined() || running_var.defined())
      fail(ErrorKind::unsupported,
           "[batch_norm] does not update running statistics; call it with training = false");
  } else {
    check(running_mean.defined(), "running_mean must be defined in evaluation mode");
    check(running_var.defined(), "running_var must be defined in evaluation mode");
  }
  check_count("running_mean", running_mean, channels);
  check_count("running_var", running_var, channels);
  check_count("weight", weight, channels);
  check_count("bias", bias, channels);
  check_dtypes("batch_norm", input, {&weight, &bias, &running_mean, &running_var});
  if (Recorder* r = Recorder::active())
    return r->record("aten.batch_norm.default",
                     {{"input", input},
                      {"weight", weight},
                      {"bias", bias},
                      {"running_mean", running_mean},
                      {"running_var", running_var},
                      {"training", training},
                      {"momentum", momentum},
                      {"eps", eps},
                      {"cudnn_enabled", true}},
                     input.shape(), input.dtype());
  Tensor out = empty(input.shape(), input.dtype(), input.device());
  if (out.numel() > 0)
    backend_of(out.device())
        .batch_norm({input.contiguous(), dense(running_mean), dense(running_var), dense(weight), dense(bias),
                     eps, out});
  return out;
}

Tensor layer_norm(const Tensor& input, const Sizes& normalized_shape, const Tensor& weight,
                  const Tensor& bias, double eps) {
  check_tensors("layer_norm", {&input}, {&weight, &bias});
  const auto& in = input.shape().extents();
  const std::string sizes = bracketed(normalized_shape);
  check(!normalized_shape.empty(),
        "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but "
        "got "
        "normalized_shape = ",
        sizes);
  const auto same_shape = [&](const Tensor& t, const char* name) {
    check(!t.defined() || t.shape().extents() == normalized_shape, "Expected ", name,
          " to be of same shape as normalized_shape, but got ", name, " of shape ", t.shape(),
          " and normalized_shape = ", sizes);
  };
  same_shape(weight, "weight");
  same_shape(bias, "bias");
  const size_t n = normalized_shape.size();
  check(in.size() >= n && std::equal(normalized_shape.begin(), normalized_shape.end(),
                                     in.end() - static_cast<std::ptrdiff_t>(n)),
        "Given normalized_shape=", sizes, ", expected input with shape [*, ", sizes.substr(1),
        ", but got input of size", input.shape());
  check_dtypes("layer_norm", input, {&weight, &bias});
  if (Recorder* r = Recorder::active())
    return r->record("aten.layer_norm.default",
                     {{"input", input},
                      {"normalized_shape", std::vector<int64_t>(normalized_shape)},
                      {"weight", weight},
                      {"bias", bias},
                      {"eps", eps},
                      {"cudnn_enable", true}},
                     input.shape(), input.dtype());
  Tensor out = empty(input.shape(), input.dtype(), input.device());
  if (out.numel() > 0)
    backend_of(out.device())
        .row_norm({input.contiguous(), Shape(normalized_shape).numel(), 1, 1, dense(weight), dense(bias), eps,
                   out});
  return out;
}

Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight, const Tensor& bias,
                  double eps) {
  check_tensors("group_norm", {&input}, {&weight, &bias});
  check(input.dim() >= 2, "Expected at least 2 dimensions for input tensor but received ", input.dim());
  check(num_groups > 0, "Expected num groups to be greater than 0, got ", num_groups);
  const int64_t channels = input.size(1);
  std::vector<int64_t> grouped = input.shape().extents();
  grouped[0] = input.size(0) * channels / num_groups, grouped[1] = num_groups;
  int64_t values = grouped[0];
  for (size_t d = 2; d < grouped.size(); ++d) values *= grouped[d];
  check(values != 1, "Expected more than 1 value per channel when training, got input size ",
        bracketed(grouped));
  check(channels % num_groups == 0,
        "Expected number of channels in input to be divisible by num_groups, but got input of shape ",
        input.shape(), " and num_groups=", num_groups);
  const auto vector_of_channels = [&](const Tensor& t, const char* name) {
    check(!t.defined() || (t.dim() == 1 && t.numel() == channels), "Expected ", name,
          " to be a vector of size equal to the number of channels in input, but got ", name, " of shape ",
          t.shape(), " and input of shape ", input.shape());
  };
  vector_of_channels(weight, "weight");
  vector_of_channels(bias, "bias");
  check_dtypes("group_norm", input, {&weight, &bias});
  if (Recorder* r = Recorder::active())
    return r->record("aten.group_norm.default",
                     {{"input", input},
                      {"num_groups", num_groups},
                      {"weight", weight},
                      {"bias", bias},
                      {"eps", eps},
                      {"cudnn_enabled", true}},
                     input.shape(), input.dtype());
  Tensor out = empty(input.shape(), input.dtype(), input.device());
  if (out.numel() > 0) {
    const int64_t inner = input.numel() / (input.size(0) * channels);
    backend_of(out.device())
        .row_norm({input.contiguous(), channels / num_groups * inner, num_groups, inner, dense(weight),
                   dense(bias), eps, out});
  }
  return out;
}

}  // namespace sconce
