// Matrix products on the GPU.
#include <sconce/kernel_args.h>
#include <sconce/ops/matmul_precision.h>

#include "kernels/gemm_simt.cuh"
#include "ops/cuda_backend.h"
#include "ops/gemm_mma.h"
#include "ops/gemv.h"
#include "ops/launching.h"
#include "runtime/properties.h"

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

// Do rows (or columns) of a matrix, `pitch` elements apart, all begin on 16 bytes?
bool begin_on_16_bytes(const Tensor& t, int64_t pitch) {
  const auto on_16 = [&](int64_t elements) {
    return elements * static_cast<int64_t>(size_of(t.dtype())) % 16 == 0;
  };
  bool all = aligned(t) && on_16(pitch);
  for (int64_t d = 0; d + 2 < t.dim(); ++d) all = all && (t.size(d) == 1 || on_16(t.stride(d)));
  return all;
}

// By tensor cores, or as products with few vectors; false where neither is chosen.
template <class E>
bool matmul_in_network_type(const MatmulArgs& a, const Layout<3>& layout) {
  const int64_t m = a.out.size(-2), n = a.out.size(-1), k = a.lhs.size(-1);
  const bool along_k = a.rhs.stride(-2) == 1 || k == 1, tf32 = get_float32_matmul_precision() == "high";
  if ((!along_k && a.rhs.stride(-1) != 1 && n != 1) || (a.lhs.stride(-1) != 1 && k != 1)) return false;
  const int device = a.out.device().index;
  const MatmulChoice choice =
      pick_matmul(properties_of(device), {layout.numel, m, n, k, along_k}, a.out.dtype(), tf32);
  if (choice.kernel == MatmulKernel::simt) return false;
  const int64_t lhs_pitch = a.lhs.stride(-2), rhs_pitch = a.rhs.stride(along_k ? -1 : -2);
  MmaArgs<E> g{static_cast<const E*>(a.lhs.data()),
               static_cast<const E*>(a.rhs.data()),
               static_cast<int>(m),
               static_cast<int>(n),
               static_cast<int>(k),
               0,
               lhs_pitch,
               rhs_pitch,
               begin_on_16_bytes(a.lhs, lhs_pitch),
               begin_on_16_bytes(a.rhs, rhs_pitch),
               layout,
               {},
               static_cast<E*>(a.out.mutable_data()),
               nullptr};
  g.epilogue.alpha = static_cast<float>(a.alpha.to_double()),
  g.epilogue.beta = static_cast<float>(a.beta.to_double());
  if (a.bias.defined() && g.epilogue.beta != 0)
    g.epilogue.bias = static_cast<const E*>(a.bias.data()), g.epilogue.bias_row = a.bias.stride(-2),
    g.epilogue.bias_column = a.bias.stride(-1);
  if (choice.kernel == MatmulKernel::gemv)
    run_gemv(g, choice, along_k, device);
  else
    run_gemm_mma(g, choice, along_k, tf32, device);
  return true;
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
  bool done = false;
  if (has_dense_kernels(a.out.dtype()))
    with_dense_type(a.out.dtype(), [&]<class E>() { done = matmul_in_network_type<E>(a, layout); });
  if (done) return;
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
