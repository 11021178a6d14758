// Softmax along strips.
#include <cmath>
#include <vector>

#include "cpu/cpu_backend.h"
#include "cpu/elementwise_f32.h"
#include "cpu/strips.h"

namespace sconce {
namespace {

// Exponentials in C, their sum in f64. A row of -inf gives NaN, as in PyTorch.
template <class C>
void softmax_strip(bool logarithm, const Strip& from, const Strip& to, C* row) {
  const C* x = from.read(0, from.length, row);
  C largest = x[0];
  for (int64_t i = 1; i < from.length; ++i) largest = x[i] > largest || x[i] != x[i] ? x[i] : largest;
  double total = 0, lost = 0;  // Kahan's sum; the exponentials are at most 1 each
  const auto add = [&](double v) {
    const double corrected = v - lost, next = total + corrected;
    lost = (next - total) - corrected;
    total = next;
  };
  if (logarithm) {
    for (int64_t i = 0; i < from.length; ++i) add(std::exp(x[i] - largest));
    const double shift = std::log(total);
    for (int64_t i = 0; i < from.length; ++i)
      row[i] = static_cast<C>(static_cast<double>(x[i]) - static_cast<double>(largest) - shift);
  } else {
    for (int64_t i = 0; i < from.length; ++i) add(row[i] = std::exp(x[i] - largest));
    const C divisor = static_cast<C>(total);
    for (int64_t i = 0; i < from.length; ++i) row[i] /= divisor;
  }
  to.write(row, from.length);
}

template <class C>
void softmax_as(bool logarithm, const Tensor& x, const Strips& strips, Tensor& out) {
  for_strips(strips, [&](int64_t begin, int64_t end) {
    std::vector<C> row(static_cast<size_t>(strips.length));
    for (int64_t i = begin; i < end; ++i)
      softmax_strip(logarithm, strip_of(x, strips, strips.length, i), strip_of(out, strips, strips.length, i),
                    row.data());
  });
}

}  // namespace

void CpuBackend::softmax(bool logarithm, const Tensor& x, const Strips& strips, Tensor& out) {
  if (eager::softmax(logarithm, x, strips, out)) return;
  if (out.dtype() == DType::f64)
    softmax_as<double>(logarithm, x, strips, out);
  else
    softmax_as<float>(logarithm, x, strips, out);
}

}  // namespace sconce
