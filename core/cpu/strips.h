// Walking the strips of a contiguous tensor.
#pragma once
#include <sconce/kernels/op_codes.h>
#include <sconce/tensor.h>
#include <sconce/threads.h>

#include <algorithm>

#include "cpu/chunk.h"

namespace sconce {

// One strip: `length` elements, `stride` elements apart.
struct Strip {
  char* data;
  DType dtype;
  int64_t length, stride;

  char* at(int64_t i) const { return data + i * stride * static_cast<int64_t>(size_of(dtype)); }
  // Elements [start, start + n) in the compute type: in place when they lie so, else brought to `buffer`.
  template <class C>
  const C* read(int64_t start, int64_t n, C* buffer) const {
    if (dtype == dtype_of<C> && stride == 1) return reinterpret_cast<const C*>(at(start));
    load(dtype, at(start), stride, n, buffer);
    return buffer;
  }
  template <class R>
  void write(const R* values, int64_t n) const {
    store(values, n, dtype, data, stride);
  }
};

// The strip number `index` of a tensor that has `length` elements in each.
inline Strip strip_of(const Tensor& tensor, const Strips& strips, int64_t length, int64_t index) {
  const int64_t offset = index / strips.inner * length * strips.inner + index % strips.inner;
  char* data = static_cast<char*>(const_cast<void*>(tensor.data()));
  return {data + offset * static_cast<int64_t>(size_of(tensor.dtype())), tensor.dtype(), length,
          strips.inner};
}

// Calls f(first, last) on ranges of strips, in parallel where there is enough to do.
template <class F>
void for_strips(const Strips& strips, F&& f) {
  parallel_for(0, strips.outer * strips.inner,
               std::max<int64_t>(1, (1 << 15) / std::max<int64_t>(strips.length, 1)), f);
}

}  // namespace sconce
