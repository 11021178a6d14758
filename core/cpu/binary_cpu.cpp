// Elementwise ops of two operands that broadcast.
#include <sconce/kernels/binary.h>
#include <sconce/ops/promotion.h>
#include <sconce/threads.h>

#include "cpu/chunk.h"
#include "cpu/cpu_backend.h"
#include "cpu/elementwise_f32.h"

namespace sconce {
namespace {

template <class C>
void binary_as(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, C alpha) {
  kernels::with_binary(op, alpha, [&](auto f) {
    if constexpr (std::is_invocable_v<decltype(f), C, C>) {
      using R = decltype(f(C(), C()));
      parallel_for(0, out.numel(), worth_a_thread, [&](int64_t begin, int64_t end) {
        ChunkReader<C> first(a, out.shape()), second(b, out.shape());
        ChunkWriter<R> results(out);
        for (int64_t i = begin; i < end; i += chunk_length) {
          const int64_t n = std::min(chunk_length, end - i);
          const C *x = first.read(i, n), *y = second.read(i, n);
          if constexpr (std::is_integral_v<C>)
            check(!kernels::divides(op) || std::find(y, y + n, C(0)) == y + n, "ZeroDivisionError");
          R* to = results.at(i);
          for (int64_t k = 0; k < n; ++k) to[k] = f(x[k], y[k]);
          results.commit(i, n);
        }
      });
    } else {
      fail_dtype("binary", a.dtype());
    }
  });
}

}  // namespace

void CpuBackend::binary(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, DType type,
                        const Scalar& alpha) {
  type = compute_dtype(type);
  if (type == DType::f32 && eager::binary(op, a, b, out, static_cast<float>(alpha.to_double()))) return;
  if (is_complex(type))
    binary_as<std::complex<double>>(op, a, b, out, alpha.to_complex());
  else if (type == DType::f64)
    binary_as<double>(op, a, b, out, alpha.to_double());
  else if (is_floating_point(type))
    binary_as<float>(op, a, b, out, static_cast<float>(alpha.to_double()));
  else if (type == DType::u64 && (op == BinaryOp::maximum || op == BinaryOp::minimum))
    binary_as<uint64_t>(op, a, b, out, 1);
  else
    binary_as<int64_t>(op, a, b, out, alpha.to_int64());
}

}  // namespace sconce
