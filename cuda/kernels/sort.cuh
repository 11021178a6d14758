// Sorting strips by merging: indices only, in runs of 1, 2, 4, ... elements, each element finding its own place by a binary search
// in the run beside its own. Stable, and the same bits whatever the order of threads.
#pragma once
#include <sconce/kernels/op_codes.h>

#include "device/element.h"

namespace sconce::SCONCE_GPU {

// Does key a stand before key b, whatever their indices? NaN is larger than every number.
template <class C>
__device__ __forceinline__ bool stands_before(C a, C b, bool descending) {
  if (descending) return b < a || (a != a && b == b);
  return a < b || (b != b && a == a);
}

// Strip s of x has its element j at s / inner * n * inner + s % inner + j * inner; `from` and `to` hold [strips, n] indices.
template <class X>
__global__ void __launch_bounds__(256)
    merge_runs(X x, Strips strips, bool descending, int64_t run, const int64_t* __restrict__ from,
               int64_t* __restrict__ to) {
  const int64_t n = strips.length, step = strips.inner, total = strips.outer * n * step;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int64_t s = i / n, j = i - s * n, base = s / step * n * step + s % step;
    const int64_t* const order = from + s * n;
    const int64_t pair = j / (2 * run) * 2 * run;
    const int64_t middle = pair + run < n ? pair + run : n, end = pair + 2 * run < n ? pair + 2 * run : n;
    const bool is_left = j < middle;
    const auto key = x[base + order[j] * step];
    // How many of the other run stand before this one; of equals those of the left run do.
    int64_t low = is_left ? middle : pair, high = is_left ? end : middle;
    const int64_t start = low;
    while (low < high) {
      const int64_t at = low + (high - low) / 2;
      const auto other = x[base + order[at] * step];
      const bool before =
          is_left ? stands_before(other, key, descending) : !stands_before(key, other, descending);
      if (before)
        low = at + 1;
      else
        high = at;
    }
    to[s * n + pair + (j - (is_left ? pair : middle)) + (low - start)] = order[j];
  }
}

static __global__ void count_up(int64_t* __restrict__ order, int64_t n, int64_t total) {
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) order[i] = i % n;
}

// The first k of each strip's order, as a strip of k.
static __global__ void keep_first(const int64_t* __restrict__ order, Strips strips, int64_t k,
                                  int64_t* __restrict__ indices) {
  const int64_t n = strips.length, step = strips.inner, total = strips.outer * step * k;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int64_t s = i / k, j = i - s * k;
    indices[s / step * k * step + s % step + j * step] = order[s * n + j];
  }
}

}  // namespace sconce::SCONCE_GPU
