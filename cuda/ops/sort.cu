// Sorting and top-k on the GPU.
#include "kernels/sort.cuh"

#include <sconce/ops/create.h>

#include <utility>

#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {

void CudaBackend::sort(bool descending, int64_t k, const Tensor& x, const Strips& strips, Tensor& values,
                       Tensor& indices) {
  check_real("sort", x);
  const cudaStream_t stream = stream_of(indices.device().index);
  Tensor order = empty({x.numel()}, DType::i64, indices.device()),
         other = empty({x.numel()}, DType::i64, indices.device());
  launch("count_up", stream, count_up, grid_for(x.numel()), dim3(block_size), 0,
         static_cast<int64_t*>(order.mutable_data()), strips.length, x.numel());
  const auto run = [&](auto reader) {
    for (int64_t length = 1; length < strips.length; length *= 2) {
      launch("merge_runs", stream, merge_runs<decltype(reader)>, grid_for(x.numel()), dim3(block_size), 0,
             reader, strips, descending, length, static_cast<const int64_t*>(order.data()),
             static_cast<int64_t*>(other.mutable_data()));
      std::swap(order, other);
    }
  };
  if (x.dtype() == DType::u64)
    run(Any<uint64_t>{x.data(), x.dtype()});
  else
    with_reader(x, run);
  launch("keep_first", stream, keep_first, grid_for(indices.numel()), dim3(block_size), 0,
         static_cast<const int64_t*>(order.data()), strips, k, static_cast<int64_t*>(indices.mutable_data()));
  // Seen as [outer, length, inner], the values lie where the indices say.
  const Tensor source(x.storage(), x.dtype(), Shape{strips.outer, strips.length, strips.inner},
                      {strips.length * strips.inner, strips.inner, 1}, x.storage_offset());
  const Shape first{strips.outer, k, strips.inner};
  Tensor found(values.storage(), values.dtype(), first, first.contiguous_strides(), values.storage_offset());
  gather(source, 1,
         Tensor(indices.storage(), DType::i64, first, first.contiguous_strides(), indices.storage_offset()),
         found);
}

}  // namespace sconce::SCONCE_GPU
