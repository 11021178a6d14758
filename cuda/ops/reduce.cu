// Reductions, running sums and softmax on the GPU.
#include "kernels/reduce.cuh"

#include <sconce/ops/create.h>

#include "ops/cuda_backend.h"
#include "ops/teams.h"

namespace sconce::SCONCE_GPU {

void CudaBackend::reduce(ReduceOp op, const Tensor& x, const Strips& strips, Tensor& out, double parameter) {
  check_real("reduce", x);
  const auto run = [&](auto reader) {
    with_team(strips, [&]<class Team>(dim3 grid, dim3 block, size_t bytes) {
      launch("reduce_strips", stream_of(out.device().index), reduce_strips<Team, decltype(reader)>, grid,
             block, bytes, op, reader, strips, out.dtype(), out.mutable_data(), parameter);
    });
  };
  const bool numbers =
      op == ReduceOp::mean || op == ReduceOp::var || op == ReduceOp::std || op == ReduceOp::norm;
  if (numbers && !is_floating_point(x.dtype())) fail_dtype("reduce", x.dtype());
  if (op == ReduceOp::logsumexp && !is_floating_point(x.dtype()))
    return run(Any<double>{x.data(), x.dtype()});
  with_reader(x, run);
}

void CudaBackend::arg_reduce(bool largest, const Tensor& x, const Strips& strips, Tensor* values,
                             Tensor& indices) {
  check_real("arg_reduce", x);
  with_reader(x, [&](auto reader) {
    with_team(strips, [&]<class Team>(dim3 grid, dim3 block, size_t bytes) {
      launch("extreme_indices", stream_of(indices.device().index), extreme_indices<Team, decltype(reader)>,
             grid, block, bytes, largest, reader, strips, static_cast<int64_t*>(indices.mutable_data()));
    });
  });
  if (!values) return;
  // The values lie where the indices say, in a tensor seen as [outer, length, inner].
  const Tensor source(x.storage(), x.dtype(), Shape{strips.outer, strips.length, strips.inner},
                      {strips.length * strips.inner, strips.inner, 1}, x.storage_offset());
  const Shape one{strips.outer, 1, strips.inner};
  Tensor found(values->storage(), values->dtype(), one, one.contiguous_strides(), values->storage_offset());
  gather(source, 1,
         Tensor(indices.storage(), DType::i64, one, one.contiguous_strides(), indices.storage_offset()),
         found);
}

void CudaBackend::scan(ScanOp op, const Tensor& x, const Strips& strips, Tensor& out) {
  check_real("scan", x);
  const auto run = [&](auto reader, auto f, int identity) {
    using X = decltype(reader);
    with_team(strips, [&]<class Team>(dim3 grid, dim3 block, size_t bytes) {
      launch("scan_strips", stream_of(out.device().index), scan_strips<Team, X, decltype(f)>, grid, block,
             bytes, f, static_cast<typename X::Compute>(identity), reader, strips, out.dtype(),
             out.mutable_data());
    });
  };
  // In double whatever the floating dtype: running sums of float would drift.
  const auto read = [&](auto f, int identity) {
    if (is_floating_point(x.dtype())) return run(Any<double>{x.data(), x.dtype()}, f, identity);
    run(Any<int64_t>{x.data(), x.dtype()}, f, identity);
  };
  if (op == ScanOp::sum) return read(Plus{}, 0);
  read(Times{}, 1);
}

void CudaBackend::softmax(bool logarithm, const Tensor& x, const Strips& strips, Tensor& out) {
  check_real("softmax", x);
  with_network_type("softmax", out, [&]<class T>() {
    const auto run = [&](auto reader) {
      with_team(strips, [&]<class Team>(dim3 grid, dim3 block, size_t bytes) {
        launch("softmax_strips", stream_of(out.device().index), softmax_strips<Team, decltype(reader), T>,
               grid, block, bytes, logarithm, reader, strips, static_cast<T*>(out.mutable_data()));
      });
    };
    if (x.dtype() == out.dtype()) return run(Typed<T>{static_cast<const T*>(x.data())});
    run(Any<typename Typed<T>::Compute>{x.data(), x.dtype()});
  });
}

}  // namespace sconce::SCONCE_GPU
