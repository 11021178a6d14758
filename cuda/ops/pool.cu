// Pooling on the GPU.
#include "kernels/pool.cuh"

#include <sconce/kernel_args.h>

#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

PoolShape shape_of(const Tensor& input, const Tensor& out) {
  PoolShape s{};
  s.planes = out.size(0) * out.size(1), s.h = input.size(2), s.w = input.size(3), s.oh = out.size(2),
  s.ow = out.size(3);
  s.gap_y = s.gap_x = 1;
  return s;
}

void pool_max(const char* op, const PoolShape& s, const Tensor& input, Tensor& out, Tensor& indices) {
  check_real(op, input);
  with_reader(input, [&](auto reader) {
    launch("pool_largest", stream_of(out.device().index), pool_largest<decltype(reader)>,
           grid_for(out.numel()), dim3(block_size), 0, s, reader, out.dtype(), out.mutable_data(),
           indices.defined() ? static_cast<int64_t*>(indices.mutable_data()) : nullptr);
  });
}

void pool_avg(const char* op, const PoolShape& s, const Tensor& input, Tensor& out, bool count_include_pad,
              int64_t divisor) {
  check_real(op, input);
  with_reader(input, [&](auto reader) {
    launch("pool_mean", stream_of(out.device().index), pool_mean<decltype(reader)>, grid_for(out.numel()),
           dim3(block_size), 0, s, reader, count_include_pad, divisor, out.dtype(), out.mutable_data());
  });
}

}  // namespace

void CudaBackend::max_pool2d(const MaxPoolArgs& a) {
  PoolShape s = shape_of(a.input, a.out);
  s.kernel_y = a.kernel[0], s.kernel_x = a.kernel[1], s.stride_y = a.stride[0], s.stride_x = a.stride[1];
  s.pad_y = a.padding[0], s.pad_x = a.padding[1], s.gap_y = a.dilation[0], s.gap_x = a.dilation[1];
  pool_max("max_pool2d", s, a.input, a.out, a.indices);
}

void CudaBackend::avg_pool2d(const AvgPoolArgs& a) {
  PoolShape s = shape_of(a.input, a.out);
  s.kernel_y = a.kernel[0], s.kernel_x = a.kernel[1], s.stride_y = a.stride[0], s.stride_x = a.stride[1];
  s.pad_y = a.padding[0], s.pad_x = a.padding[1];
  pool_avg("avg_pool2d", s, a.input, a.out, a.count_include_pad, a.divisor);
}

void CudaBackend::adaptive_pool2d(const AdaptivePoolArgs& a) {
  PoolShape s = shape_of(a.input, a.out);
  s.adaptive = true;
  if (a.largest) return pool_max("adaptive_max_pool2d", s, a.input, a.out, a.indices);
  pool_avg("adaptive_avg_pool2d", s, a.input, a.out, false, 0);
}

}  // namespace sconce::SCONCE_GPU
