// The one header a kernel includes: nvcc gets the hardware, every other compiler the acted-out GPU of sim/.
// Kernels and their launchers are compiled once for each, and live in namespace sconce::SCONCE_GPU.
#pragma once
#include <sconce/small_float.h>

#include <cstdint>
#include <type_traits>

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#define SCONCE_GPU gpu_real
#define SCONCE_UNROLL _Pragma("unroll")
#else
#include "sim/dialect.h"
#define SCONCE_GPU gpu_sim
#define SCONCE_UNROLL
#endif

namespace sconce::SCONCE_GPU {

#if defined(__CUDACC__)
void check_launch(
    const char* kernel);  // throws ErrorKind::device when the last launch failed; runtime/real.cpp
#endif

// A kernel's shared memory is one struct.
template <class T>
__device__ __forceinline__ T& shared() {
#if defined(__CUDACC__)
  extern __shared__ __align__(1024) unsigned char sconce_shared_memory[];
  return *reinterpret_cast<T*>(sconce_shared_memory);
#else
  if (sizeof(T) > shared_size()) stop(Where{__FILE__, __LINE__}, "the launch gave too little shared memory");
  return *reinterpret_cast<T*>(shared_base());
#endif
}

// Calls kernel(args...) for every thread of the grid, after what the stream was given before.
template <class... P, class... A>
void launch(const char* name, cudaStream_t stream, void (*kernel)(P...), dim3 grid, dim3 block,
            size_t shared_bytes, A&&... args) {
#if defined(__CUDACC__)
  cudaLaunchConfig_t config{};
  config.gridDim = grid, config.blockDim = block, config.dynamicSmemBytes = shared_bytes,
  config.stream = stream;
  if (shared_bytes > 48 * 1024)
    cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                         static_cast<int>(shared_bytes));
  cudaLaunchKernelEx(&config, kernel, P(args)...);
  check_launch(name);
#else
  (void)stream, (void)name;
  gpu_sim::launch(kernel, grid, block, shared_bytes, P(args)...);
#endif
}

// The small floats by the hardware's instructions where there are some.
__device__ __forceinline__ float widen(float v) { return v; }
__device__ __forceinline__ double widen(double v) { return v; }
__device__ __forceinline__ float widen(Half v) {
#if defined(__CUDACC__)
  return __half2float(__ushort_as_half(v.bits));
#else
  return static_cast<float>(v);
#endif
}
__device__ __forceinline__ float widen(BFloat16 v) {
#if defined(__CUDACC__)
  return __uint_as_float(static_cast<unsigned>(v.bits) << 16);
#else
  return static_cast<float>(v);
#endif
}

// To T, rounded once to nearest even.
template <class T, class C>
__device__ __forceinline__ T narrow(C v) {
  if constexpr (std::is_same_v<T, Half>) {
#if defined(__CUDACC__)
    return Half::from_bits(__half_as_ushort(__float2half_rn(static_cast<float>(v))));
#else
    return Half(static_cast<float>(v));
#endif
  } else if constexpr (std::is_same_v<T, BFloat16>) {
#if defined(__CUDACC__)
    return BFloat16::from_bits(__bfloat16_as_ushort(__float2bfloat16_rn(static_cast<float>(v))));
#else
    return BFloat16(static_cast<float>(v));
#endif
  } else {
    return static_cast<T>(v);
  }
}

// This thread's number in the grid, and how many there are.
__device__ __forceinline__ int64_t grid_thread() {
  return static_cast<int64_t>(blockIdx.x) * static_cast<int64_t>(blockDim.x) +
         static_cast<int64_t>(threadIdx.x);
}
__device__ __forceinline__ int64_t grid_threads() {
  return static_cast<int64_t>(gridDim.x) * static_cast<int64_t>(blockDim.x);
}

}  // namespace sconce::SCONCE_GPU
