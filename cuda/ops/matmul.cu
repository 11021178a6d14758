// Matrix products on the GPU.
#include <sconce/kernel_args.h>

#include "kernels/gemm_simt.cuh"
#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

template <class C>
C scalar_as(const Scalar& s) {
  if constexpr (std::is_integral_v<C>)
    return s.to_int64();
  else
    return static_cast<C>(s.to_double());
}

// Strides of the batch dimensions of [batch..., rows, columns].
Strides batch_strides(const Tensor& t) {
  Strides out = t.strides();
  out.resize(out.size() - 2);
  return out;
}

}  // namespace

void CudaBackend::matmul(const MatmulArgs& a) {
  if (a.out.numel() == 0) return;
  check_real("matmul", a.out);
  const int64_t m = a.out.size(-2), n = a.out.size(-1), k = a.lhs.size(-1);
  std::vector<int64_t> front = a.out.shape().extents();
  front.resize(front.size() - 2);
  const auto layout = layout_of<3>("matmul", Shape(front),
                                   {batch_strides(a.lhs), batch_strides(a.rhs),
                                    a.bias.defined() ? batch_strides(a.bias) : Strides(front.size(), 0)});
  const auto run = [&](auto lhs, auto rhs, auto bias) {
    using X = decltype(lhs);
    using C = typename X::Compute;
    const bool with_bias = a.bias.defined() && scalar_as<C>(a.beta) != C(0);
    GemmArgs<X> g{lhs,
                  rhs,
                  bias,
                  m,
                  n,
                  k,
                  a.lhs.stride(-2),
                  a.lhs.stride(-1),
                  a.rhs.stride(-2),
                  a.rhs.stride(-1),
                  with_bias ? a.bias.stride(-2) : 0,
                  with_bias ? a.bias.stride(-1) : 0,
                  layout,
                  scalar_as<C>(a.alpha),
                  scalar_as<C>(a.beta),
                  with_bias,
                  a.out.dtype(),
                  a.out.mutable_data()};
    const int64_t tiles = (m + tile_m - 1) / tile_m * ((n + tile_n - 1) / tile_n);
    check(tiles <= INT32_MAX,
          "[matmul] a result of more than 2^31 tiles is not there on cuda yet, got shape ", a.out.shape());
    const auto go = [&](auto kernel) {
      launch(
          "gemm_simt", stream_of(a.out.device().index), kernel,
          dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(std::min<int64_t>(layout.numel, 65535))),
          dim3(gemm_threads), sizeof(GemmShared<C>), g);
    };
    const bool a_along_k = a.lhs.stride(-1) == 1, b_along_k = a.rhs.stride(-1) != 1;
    if (a_along_k)
      b_along_k ? go(gemm_simt<X, true, true>) : go(gemm_simt<X, true, false>);
    else
      b_along_k ? go(gemm_simt<X, false, true>) : go(gemm_simt<X, false, false>);
  };
  const void* bias = a.bias.defined() ? a.bias.data() : nullptr;
  const DType dtype = a.out.dtype();
  if (!is_floating_point(dtype))
    return run(Any<int64_t>{a.lhs.data(), dtype}, Any<int64_t>{a.rhs.data(), dtype},
               Any<int64_t>{bias, dtype});
  with_network_type("matmul", a.out, [&]<class T>() {
    run(Typed<T>{static_cast<const T*>(a.lhs.data())}, Typed<T>{static_cast<const T*>(a.rhs.data())},
        Typed<T>{static_cast<const T*>(bias)});
  });
}

}  // namespace sconce::SCONCE_GPU
