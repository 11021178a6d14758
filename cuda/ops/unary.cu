// Elementwise ops of one operand on the GPU.
#include <sconce/ops/promotion.h>

#include "kernels/elementwise.cuh"
#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

// Is the op's result of the type that it is computed in, and its formula one for floats?
bool gives_numbers(UnaryOp op) {
  return op != UnaryOp::isnan && op != UnaryOp::isinf && op != UnaryOp::isfinite &&
         op != UnaryOp::logical_not && op != UnaryOp::bitwise_not;
}

// The formulas that are there for a compute type, as the CPU's, are decided by the ops; whole-number types lack these.
bool takes_integers(UnaryOp op) {
  switch (op) {
    case UnaryOp::neg:
    case UnaryOp::abs:
    case UnaryOp::sign:
    case UnaryOp::square:
    case UnaryOp::relu:
    case UnaryOp::clamp:
    case UnaryOp::logical_not:
    case UnaryOp::bitwise_not: return true;
    default: return false;
  }
}

template <class C, class Bound>
void unary_as(UnaryOp op, const Tensor& x, Tensor& out, Bound a, Bound b) {
  const auto layout = layout_of<1>("unary", x.shape(), {x.strides()});
  launch("unary_strided", stream_of(out.device().index), unary_strided<C, Bound>, grid_for(layout.numel),
         dim3(block_size), 0, op, a, b, layout, Any<C>{x.data(), x.dtype()}, out.dtype(), out.mutable_data());
}

}  // namespace

void CudaBackend::unary(UnaryOp op, const Tensor& x, Tensor& out, const Scalar& a, const Scalar& b) {
  check_real("unary", x);
  if (x.dtype() == out.dtype() && has_dense_kernels(x.dtype()) && gives_numbers(op) && x.is_contiguous() &&
      aligned(x)) {
    with_dense_type(x.dtype(), [&]<class T>() {
      launch("unary_dense", stream_of(out.device().index), unary_dense<T>,
             grid_for(x.numel() / Pack<T>::count + 1), dim3(block_size), 0, op, a.to_double(), b.to_double(),
             static_cast<const T*>(x.data()), static_cast<T*>(out.mutable_data()), x.numel());
    });
    return;
  }
  const DType type = compute_dtype(is_floating_point(out.dtype()) ? out.dtype() : x.dtype());
  if (type == DType::f64) return unary_as<double>(op, x, out, a.to_double(), b.to_double());
  if (is_floating_point(type)) return unary_as<float>(op, x, out, a.to_double(), b.to_double());
  if (!takes_integers(op)) fail_dtype("unary", x.dtype());
  if (type == DType::u64 && op == UnaryOp::clamp) {
    const auto bound = [](const Scalar& s) {
      return static_cast<uint64_t>(std::max<int64_t>(s.to_int64(), 0));
    };
    const bool open = b.to_int64() == std::numeric_limits<int64_t>::max();
    return unary_as<uint64_t>(op, x, out, bound(a), open ? std::numeric_limits<uint64_t>::max() : bound(b));
  }
  if (type == DType::u64 && op == UnaryOp::relu) return copy(x, out);
  unary_as<int64_t>(op, x, out, a.to_int64(), b.to_int64());
}

}  // namespace sconce::SCONCE_GPU
