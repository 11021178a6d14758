// Where the elements of several strided tensors of one shape lie.
#pragma once
#include "device/device.h"

namespace sconce::SCONCE_GPU {

inline constexpr int max_rank = 12;

// The dimensions of N tensors together, innermost first; strides in elements.
template <int N>
struct Layout {
  int rank = 0;
  int64_t numel = 1;
  int64_t extent[max_rank] = {};
  int64_t stride[N][max_rank] = {};

  // Element i in row-major order: its offset in each tensor.
  __device__ __forceinline__ void offsets(int64_t i, int64_t (&at)[N]) const {
    for (int k = 0; k < N; ++k) at[k] = 0;
    if (numel <= INT32_MAX) {  // 32-bit divisions, which GPUs do several times faster
      auto rest = static_cast<uint32_t>(i);
      for (int d = 0; d < rank; ++d) {
        const auto n = static_cast<uint32_t>(extent[d]);
        const uint32_t next = rest / n, here = rest - next * n;
        for (int k = 0; k < N; ++k) at[k] += here * stride[k][d];
        rest = next;
      }
    } else {
      for (int d = 0; d < rank; ++d) {
        const int64_t next = i / extent[d], here = i - next * extent[d];
        for (int k = 0; k < N; ++k) at[k] += here * stride[k][d];
        i = next;
      }
    }
  }
};

}  // namespace sconce::SCONCE_GPU
