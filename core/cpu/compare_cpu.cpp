// Comparisons of two operands that broadcast.
#include <sconce/ops/promotion.h>
#include <sconce/threads.h>

#include "cpu/chunk.h"
#include "cpu/cpu_backend.h"

namespace sconce {
namespace {

template <class C, class F>
void compare_as(const Tensor& a, const Tensor& b, Tensor& out, F holds) {
  bool* results = out.mutable_data<bool>();
  parallel_for(0, out.numel(), worth_a_thread, [&](int64_t begin, int64_t end) {
    ChunkReader<C> first(a, out.shape()), second(b, out.shape());
    for (int64_t i = begin; i < end; i += chunk_length) {
      const int64_t n = std::min(chunk_length, end - i);
      const C *x = first.read(i, n), *y = second.read(i, n);
      for (int64_t k = 0; k < n; ++k) results[i + k] = holds(x[k], y[k]);
    }
  });
}

template <class C>
void compare_in(CompareOp op, const Tensor& a, const Tensor& b, Tensor& out) {
  if (op == CompareOp::eq) return compare_as<C>(a, b, out, [](C x, C y) { return x == y; });
  if (op == CompareOp::ne) return compare_as<C>(a, b, out, [](C x, C y) { return x != y; });
  if constexpr (!std::is_same_v<C, std::complex<double>>) {
    switch (op) {
      case CompareOp::lt: return compare_as<C>(a, b, out, [](C x, C y) { return x < y; });
      case CompareOp::le: return compare_as<C>(a, b, out, [](C x, C y) { return x <= y; });
      case CompareOp::gt: return compare_as<C>(a, b, out, [](C x, C y) { return x > y; });
      default: return compare_as<C>(a, b, out, [](C x, C y) { return x >= y; });
    }
  }
}

}  // namespace

void CpuBackend::compare(CompareOp op, const Tensor& a, const Tensor& b, Tensor& out) {
  const DType type = compute_dtype(a.dtype());
  if (is_complex(type))
    compare_in<std::complex<double>>(op, a, b, out);
  else if (type == DType::f64)
    compare_in<double>(op, a, b, out);
  else if (is_floating_point(type))
    compare_in<float>(op, a, b, out);
  else if (type == DType::u64)
    compare_in<uint64_t>(op, a, b, out);
  else
    compare_in<int64_t>(op, a, b, out);
}

}  // namespace sconce
