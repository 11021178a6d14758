// Looking up and masking: elements are moved as bytes, whatever their dtype.
#include <sconce/tensor.h>

#include <cstring>

#include "cpu/cpu_backend.h"
#include "cpu/strided.h"

namespace sconce {
namespace {

// A contiguous tensor around dimension d: outer x n x inner.
struct Around {
  int64_t outer = 1, n = 1, inner = 1;
  Around(const Shape& shape, int64_t d) {
    if (shape.dim() == 0) return;
    for (int64_t i = 0; i < shape.dim(); ++i) (i < d ? outer : i == d ? n : inner) *= shape[i];
  }
};

}  // namespace

void CpuBackend::index_select(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) {
  const Around from(source.shape(), d);
  const int64_t* at = index.data<int64_t>();
  const auto* read = static_cast<const std::byte*>(source.data());
  auto* write = static_cast<std::byte*>(out.mutable_data());
  const size_t row = static_cast<size_t>(from.inner) * size_of(source.dtype());
  for (int64_t o = 0; o < from.outer; ++o)
    for (int64_t i = 0; i < index.numel(); ++i, write += row)
      std::memcpy(write, read + static_cast<size_t>(o * from.n + at[i]) * row, row);
}

void CpuBackend::gather(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) {
  const int64_t* at = index.data<int64_t>();
  // Every dimension steps through the source by its stride, but d, whose place the index gives.
  Strides strides = source.strides();
  const int64_t step = strides.empty() ? 0 : strides[static_cast<size_t>(d)];
  strides.resize(index.strides().size(), 0);
  if (!strides.empty()) strides[static_cast<size_t>(d)] = 0;
  const auto steps = merged_steps<2>(index.shape(), {&index.strides(), &strides});
  with_bytes(size_of(source.dtype()), [&]<class T>() {
    const T* from = static_cast<const T*>(source.data());
    T* to = static_cast<T*>(out.mutable_data());
    const auto [index_step, from_step] = steps[0].strides;
    for_each_row(
        steps, [&, index_step = index_step, from_step = from_step](const std::array<int64_t, 2>& offsets) {
          for (int64_t i = 0; i < steps[0].count; ++i) {
            const int64_t k =
                offsets[0] + i * index_step;  // in the index and the result, which have the same strides
            to[k] = from[offsets[1] + i * from_step + at[k] * step];
          }
        });
  });
}

void CpuBackend::masked_copy(const Tensor& mask, const Tensor& source, Tensor& target) {
  const auto steps = merged_steps<3>(target.shape(), {&target.strides(), &source.strides(), &mask.strides()});
  const auto* chosen = static_cast<const uint8_t*>(mask.data());
  with_bytes(size_of(source.dtype()), [&]<class T>() {
    const T* from = static_cast<const T*>(source.data());
    T* to = static_cast<T*>(target.mutable_data());
    const auto [to_step, from_step, mask_step] = steps[0].strides;
    for_each_row(steps, [&, to_step = to_step, from_step = from_step,
                         mask_step = mask_step](const std::array<int64_t, 3>& offsets) {
      for (int64_t i = 0; i < steps[0].count; ++i)
        if (chosen[offsets[2] + i * mask_step] != 0)
          to[offsets[0] + i * to_step] = from[offsets[1] + i * from_step];
    });
  });
}

}  // namespace sconce
