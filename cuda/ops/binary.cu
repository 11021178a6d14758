// Elementwise ops of two operands, and comparisons, on the GPU.
#include <sconce/ops/create.h>
#include <sconce/ops/promotion.h>

#include "kernels/elementwise.cuh"
#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

// Is the op's result of the type that it is computed in, and its formula one for floats?
bool gives_numbers(BinaryOp op) { return op < BinaryOp::logical_and; }

template <class C>
void binary_as(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, C alpha) {
  const auto layout = layout_of<2>("binary", out.shape(),
                                   {broadcast_strides(a, out.shape()), broadcast_strides(b, out.shape())});
  launch("binary_strided", stream_of(out.device().index), binary_strided<C>, grid_for(layout.numel),
         dim3(block_size), 0, op, alpha, layout, Any<C>{a.data(), a.dtype()}, Any<C>{b.data(), b.dtype()},
         out.dtype(), out.mutable_data());
}

void check_no_zero(const Tensor& divisor) {
  Tensor found = zeros({1}, DType::i32, divisor.device());
  const auto layout = layout_of<1>("binary", divisor.shape(), {divisor.strides()});
  launch("find_zero", stream_of(divisor.device().index), find_zero<int64_t>, grid_for(layout.numel), dim3(block_size),
         0, layout, Any<int64_t>{divisor.data(), divisor.dtype()}, static_cast<int*>(found.mutable_data()));
  check(found.item<int64_t>() == 0, "ZeroDivisionError");
}

template <class C>
void compare_as(CompareOp op, const Tensor& a, const Tensor& b, Tensor& out) {
  const auto layout = layout_of<2>("compare", out.shape(),
                                   {broadcast_strides(a, out.shape()), broadcast_strides(b, out.shape())});
  launch("compare_strided", stream_of(out.device().index), compare_strided<C>, grid_for(layout.numel),
         dim3(block_size), 0, op, layout, Any<C>{a.data(), a.dtype()}, Any<C>{b.data(), b.dtype()},
         static_cast<uint8_t*>(out.mutable_data()));
}

}  // namespace

void CudaBackend::binary(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, DType common,
                         const Scalar& alpha) {
  const DType type = compute_dtype(common);
  if (is_complex(type)) fail_on_gpu("binary", type, out.device());
  check_real("binary", a), check_real("binary", b);
  const auto plain = [&](const Tensor& t) {
    return t.dtype() == out.dtype() && t.shape() == out.shape() && t.is_contiguous() && aligned(t);
  };
  if (has_dense_kernels(out.dtype()) && gives_numbers(op) && plain(a) && plain(b)) {
    with_dense_type(out.dtype(), [&]<class T>() {
      launch("binary_dense", stream_of(out.device().index), binary_dense<T>,
             grid_for(out.numel() / Pack<T>::count + 1), dim3(block_size), 0, op, alpha.to_double(),
             static_cast<const T*>(a.data()), static_cast<const T*>(b.data()),
             static_cast<T*>(out.mutable_data()), out.numel());
    });
    return;
  }
  if (type == DType::f64) return binary_as<double>(op, a, b, out, alpha.to_double());
  if (is_floating_point(type)) return binary_as<float>(op, a, b, out, static_cast<float>(alpha.to_double()));
  if (type == DType::u64 && (op == BinaryOp::maximum || op == BinaryOp::minimum))
    return binary_as<uint64_t>(op, a, b, out, 1);
  if (op == BinaryOp::div) fail_dtype("binary", a.dtype());
  if (kernels::divides(op)) check_no_zero(b);
  binary_as<int64_t>(op, a, b, out, alpha.to_int64());
}

void CudaBackend::compare(CompareOp op, const Tensor& a, const Tensor& b, Tensor& out) {
  check_real("compare", a), check_real("compare", b);
  const DType type = compute_dtype(a.dtype());
  if (type == DType::f64) return compare_as<double>(op, a, b, out);
  if (is_floating_point(type)) return compare_as<float>(op, a, b, out);
  if (type == DType::u64) return compare_as<uint64_t>(op, a, b, out);
  compare_as<int64_t>(op, a, b, out);
}

}  // namespace sconce::SCONCE_GPU
