// Elementwise ops of one operand.
#include <sconce/kernels/unary.h>
#include <sconce/ops/promotion.h>
#include <sconce/threads.h>

#include "cpu/chunk.h"
#include "cpu/cpu_backend.h"
#include "cpu/elementwise_f32.h"

namespace sconce {
namespace {

template <class C, class Bound>
void unary_as(UnaryOp op, const Tensor& x, Tensor& out, Bound a, Bound b) {
  kernels::with_unary(op, a, b, [&](auto f) {
    if constexpr (std::is_invocable_v<decltype(f), C>) {
      using R = decltype(f(C()));
      parallel_for(0, out.numel(), worth_a_thread, [&](int64_t begin, int64_t end) {
        ChunkReader<C> in(x, x.shape());
        ChunkWriter<R> results(out);
        for (int64_t i = begin; i < end; i += chunk_length) {
          const int64_t n = std::min(chunk_length, end - i);
          const C* from = in.read(i, n);
          R* to = results.at(i);
          for (int64_t k = 0; k < n; ++k) to[k] = f(from[k]);
          results.commit(i, n);
        }
      });
    } else {
      fail_dtype("unary", x.dtype());
    }
  });
}

}  // namespace

void CpuBackend::unary(UnaryOp op, const Tensor& x, Tensor& out, const Scalar& a, const Scalar& b) {
  if (eager::unary(op, x, out, a, b)) return;
  // Integers go to a floating result in its own compute type; a boolean result is decided in the operand's.
  const DType type =
      compute_dtype(is_floating_point(out.dtype()) && !is_complex(x.dtype()) ? out.dtype() : x.dtype());
  if (is_complex(type))
    unary_as<std::complex<double>>(op, x, out, a.to_double(), b.to_double());
  else if (type == DType::f64)
    unary_as<double>(op, x, out, a.to_double(), b.to_double());
  else if (is_floating_point(type))
    unary_as<float>(op, x, out, a.to_double(), b.to_double());
  else if (type == DType::u64 && op == UnaryOp::clamp) {
    const auto bound = [](const Scalar& s) {
      return static_cast<uint64_t>(std::max<int64_t>(s.to_int64(), 0));
    };
    // The absent upper bound stands for the largest number of all.
    const bool open = b.to_int64() == std::numeric_limits<int64_t>::max();
    unary_as<uint64_t>(op, x, out, bound(a), open ? std::numeric_limits<uint64_t>::max() : bound(b));
  } else if (type == DType::u64 && op == UnaryOp::relu)
    out.copy_(x);
  else
    unary_as<int64_t>(op, x, out, a.to_int64(), b.to_int64());
}

}  // namespace sconce
