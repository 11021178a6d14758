#include "cpu/elementwise_f32.h"

#include <sconce/threads.h>

#include <algorithm>
#include <optional>

#include "cpu/chunk.h"
#include "cpu/isa/tokens.h"
#include "cpu/isa_choice.h"
#include "cpu/strided.h"

namespace sconce::eager {
namespace {

bool is_dense_f32(const Tensor& t) { return t.dtype() == DType::f32 && t.is_contiguous(); }

std::optional<isa::Activation> activation_of(UnaryOp op, double low, double high) {
  using A = isa::Activation;
  switch (op) {
    case UnaryOp::relu: return A::relu;
    case UnaryOp::hardswish: return A::hardswish;
    case UnaryOp::hardsigmoid: return A::hardsigmoid;
    case UnaryOp::silu: return A::silu;
    case UnaryOp::sigmoid: return A::sigmoid;
    case UnaryOp::tanh: return A::tanh;
    case UnaryOp::gelu: return A::gelu;
    case UnaryOp::gelu_tanh: return A::gelu_tanh;
    case UnaryOp::mish: return A::mish;
    case UnaryOp::clamp:
      if (low == 0 && high == 6) return A::relu6;
      return {};
    default: return {};
  }
}

std::optional<isa::Unary> unary_of(UnaryOp op) {
  switch (op) {
    case UnaryOp::abs: return isa::Unary::abs;
    case UnaryOp::neg: return isa::Unary::neg;
    case UnaryOp::exp: return isa::Unary::exp;
    case UnaryOp::sqrt: return isa::Unary::sqrt;
    case UnaryOp::rsqrt: return isa::Unary::rsqrt;
    case UnaryOp::square: return isa::Unary::square;
    case UnaryOp::reciprocal: return isa::Unary::reciprocal;
    default: return {};
  }
}

std::optional<isa::Binary> binary_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::add: return isa::Binary::add;
    case BinaryOp::mul: return isa::Binary::mul;
    case BinaryOp::div: return isa::Binary::div;
    case BinaryOp::maximum: return isa::Binary::max;
    case BinaryOp::minimum: return isa::Binary::min;
    default: return {};
  }
}

}  // namespace

bool unary(UnaryOp op, const Tensor& x, Tensor& out, const Scalar& a, const Scalar& b) {
  if (!is_dense_f32(x) || out.dtype() != DType::f32) return false;
  const auto activation = activation_of(op, a.to_double(), b.to_double());
  const auto plain = unary_of(op);
  if (!activation && !plain) return false;
  const isa::TokensKernels& tokens = *best_kernels().tokens;
  const auto* from = x.data<float>();
  auto* to = out.mutable_data<float>();
  parallel_for(0, out.numel(), worth_a_thread, [&](int64_t begin, int64_t end) {
    const isa::RowsCall call{from + begin, to + begin, 0, 0, 1, end - begin};
    activation ? tokens.activation(call, *activation) : tokens.unary(call, *plain);
  });
  return true;
}

bool binary(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, float alpha) {
  const auto known = binary_of(op);
  if (!known || a.dtype() != DType::f32 || b.dtype() != DType::f32 || out.dtype() != DType::f32) return false;
  const Tensor x = a.expand(out.shape().extents()), y = b.expand(out.shape().extents());
  auto steps = merged_steps<3>(out.shape(), {&out.strides(), &x.strides(), &y.strides()});
  const auto channels = steps[0];
  const auto side = [](int64_t stride) { return stride == 0 || stride == 1; };
  if (!side(channels.strides[1]) || !side(channels.strides[2])) return false;
  if (channels.count < 8 && steps.size() > 1) return false;
  Step<3> rows{1, {}};
  if (steps.size() > 1) rows = steps[1];
  // What is left is walked: kernels take rows of channels.
  std::vector<Step<3>> outer{{1, {}}};
  outer.insert(outer.end(), steps.begin() + std::min<std::ptrdiff_t>(2, std::ssize(steps)), steps.end());
  const auto kernel = best_kernels().tokens->binary;
  isa::BinaryCall call{};
  call.alpha = op == BinaryOp::add ? alpha : 1.F, call.op = *known, call.activation = isa::Activation::none;
  call.y_pitch = rows.strides[0], call.a_pitch = rows.strides[1], call.b_pitch = rows.strides[2];
  call.a_channels = channels.strides[1] == 1, call.b_channels = channels.strides[2] == 1;
  const auto *from_a = x.data<float>(), *from_b = y.data<float>();
  auto* to = out.mutable_data<float>();
  const auto run = [&](const std::array<int64_t, 3>& offsets, int64_t row, int64_t count, int64_t begin,
                       int64_t end) {
    isa::BinaryCall part = call;
    part.y = to + offsets[0] + row * rows.strides[0] + begin * channels.strides[0];
    part.a = from_a + offsets[1] + row * rows.strides[1] + begin * channels.strides[1];
    part.b = from_b + offsets[2] + row * rows.strides[2] + begin * channels.strides[2];
    part.rows = count, part.channels = end - begin;
    kernel(part);
  };
  for_each_row(outer, [&](const std::array<int64_t, 3>& offsets) {
    if (rows.count == 1)
      parallel_for(0, channels.count, worth_a_thread,
                   [&](int64_t begin, int64_t end) { run(offsets, 0, 1, begin, end); });
    else
      parallel_for(0, rows.count, std::max<int64_t>(1, worth_a_thread / channels.count),
                   [&](int64_t begin, int64_t end) { run(offsets, begin, end - begin, 0, channels.count); });
  });
  return true;
}

bool softmax(bool logarithm, const Tensor& x, const Strips& strips, Tensor& out) {
  if (strips.inner != 1 || !is_dense_f32(x) || out.dtype() != DType::f32) return false;
  const auto* from = x.data<float>();
  auto* to = out.mutable_data<float>();
  const int64_t n = strips.length;
  const auto kernel = best_kernels().tokens->softmax;
  parallel_for(0, strips.outer, std::max<int64_t>(1, worth_a_thread / 4 / n),
               [&](int64_t begin, int64_t end) {
                 kernel({from + begin * n, to + begin * n, n, n, end - begin, n}, logarithm);
               });
  return true;
}

bool row_norm(const RowNormArgs& a) {
  const auto f32 = [](const Tensor& t) { return !t.defined() || t.dtype() == DType::f32; };
  if (a.input.dtype() != DType::f32 || a.groups != 1 || a.inner != 1 || !f32(a.weight) || !f32(a.bias))
    return false;
  const int64_t n = a.columns, count = a.input.numel() / n;
  isa::NormCall call{};
  call.weight = a.weight.defined() ? a.weight.data<float>() : nullptr;
  call.bias = a.bias.defined() ? a.bias.data<float>() : nullptr;
  call.x_pitch = call.y_pitch = call.channels = n;
  call.eps = static_cast<float>(a.eps);
  call.centred = true;
  const auto* from = a.input.data<float>();
  auto* to = a.out.mutable_data<float>();
  const auto kernel = best_kernels().tokens->norm;
  parallel_for(0, count, std::max<int64_t>(1, worth_a_thread / 2 / n), [&](int64_t begin, int64_t end) {
    isa::NormCall part = call;
    part.x = from + begin * n, part.y = to + begin * n, part.rows = end - begin;
    kernel(part);
  });
  return true;
}

}  // namespace sconce::eager
