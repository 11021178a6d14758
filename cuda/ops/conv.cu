// Convolutions on the GPU.
#include <sconce/kernel_args.h>

#include "kernels/conv_simt.cuh"
#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

int small(int64_t v) {
  check(v <= INT32_MAX && v >= INT32_MIN, "[conv2d] expected extents below 2^31, got ", v);
  return static_cast<int>(v);
}

}  // namespace

void CudaBackend::conv2d(const ConvArgs& a) {
  if (a.out.numel() == 0) return;
  check_real("conv2d", a.out);
  const ConvShape s{small(a.input.size(0)),  small(a.input.size(1)),  small(a.input.size(2)),
                    small(a.input.size(3)),  small(a.weight.size(0)), small(a.weight.size(1)),
                    small(a.weight.size(2)), small(a.weight.size(3)), small(a.out.size(2)),
                    small(a.out.size(3)),    small(a.groups),         small(a.stride[0]),
                    small(a.stride[1]),      small(a.padding[0]),     small(a.padding[1]),
                    small(a.dilation[0]),    small(a.dilation[1])};
  small(a.weight.size(1) * a.weight.size(2) * a.weight.size(3));
  const int64_t columns = a.out.numel() / a.out.size(1), rows = a.out.size(1) / a.groups;
  const cudaStream_t stream = stream_of(a.out.device().index);
  const auto run = [&](auto input, auto weight, auto bias) {
    using X = decltype(input);
    if (s.group_channels == 1 && s.groups > 1)
      return launch("conv_depthwise", stream, conv_depthwise<X>, grid_for(a.out.numel()), dim3(block_size), 0,
                    s, input, weight, bias, a.bias.defined(), a.out.dtype(), a.out.mutable_data());
    const int64_t across = (columns + tile_n - 1) / tile_n, down = (rows + tile_m - 1) / tile_m;
    check(across <= INT32_MAX && down <= 65535 && s.groups <= 65535,
          "[conv2d] so many channels or pixels are not there on cuda yet");
    launch("conv_simt", stream, conv_simt<X>,
           dim3(static_cast<unsigned>(across), static_cast<unsigned>(down), static_cast<unsigned>(s.groups)),
           dim3(gemm_threads), sizeof(GemmShared<typename X::Compute>), s, input, weight, bias,
           a.bias.defined(), a.out.dtype(), a.out.mutable_data());
  };
  const void* bias = a.bias.defined() ? a.bias.data() : nullptr;
  const DType dtype = a.out.dtype();
  if (!is_floating_point(dtype))
    return run(Any<int64_t>{a.input.data(), dtype}, Any<int64_t>{a.weight.data(), dtype},
               Any<int64_t>{bias, dtype});
  with_network_type("conv2d", a.out, [&]<class T>() {
    run(Typed<T>{static_cast<const T*>(a.input.data())}, Typed<T>{static_cast<const T*>(a.weight.data())},
        Typed<T>{static_cast<const T*>(bias)});
  });
}

}  // namespace sconce::SCONCE_GPU
