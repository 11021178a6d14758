// Threads that work on one thing together: one alone, a warp, or a block. Reductions are in a fixed order, so the bits are too.
#pragma once
#include "device/device.h"

namespace sconce::SCONCE_GPU {

// A value and where it was found.
template <class C>
struct Found {
  C value;
  int64_t index;
};

// What the lane whose number differs in `bits` has.
template <class T>
__device__ __forceinline__ T across(T v, int bits) {
  return __shfl_xor_sync(~0U, v, bits);
}
template <class C>
__device__ __forceinline__ Found<C> across(Found<C> v, int bits) {
  return {__shfl_xor_sync(~0U, v.value, bits), static_cast<int64_t>(__shfl_xor_sync(~0U, v.index, bits))};
}

struct ThreadTeam {
  __device__ int rank() const { return 0; }
  __device__ int size() const { return 1; }
  template <class T, class F>
  __device__ T reduce(T v, F) const {
    return v;
  }
  // The sum of what lower ranks brought.
  template <class T, class F>
  __device__ T exclusive(T, T identity, F) const {
    return identity;
  }
};

template <class T, class F>
__device__ __forceinline__ T warp_reduce(T v, F f) {
  SCONCE_UNROLL
  for (int step = 16; step > 0; step >>= 1) v = f(v, across(v, step));
  return v;
}

struct WarpTeam {
  __device__ int rank() const { return static_cast<int>(threadIdx.x) & 31; }
  __device__ int size() const { return 32; }
  template <class T, class F>
  __device__ T reduce(T v, F f) const {
    return warp_reduce(v, f);
  }
  template <class T, class F>
  __device__ T exclusive(T v, T identity, F f) const {
    for (int step = 1; step < 32; step <<= 1) {
      const T other = __shfl_up_sync(~0U, v, static_cast<unsigned>(step));
      if (rank() >= step) v = f(other, v);
    }
    const T before = __shfl_up_sync(~0U, v, 1U);
    return rank() == 0 ? identity : before;
  }
};

// What a block of up to 1024 threads needs for its reductions: one element a warp, of at most 16 bytes.
struct BlockShared {
  alignas(16) unsigned char parts[32][16];
};

// All threads of the block must take part, and the block must have whole warps.
struct BlockTeam {
  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ int size() const { return static_cast<int>(blockDim.x); }
  template <class T, class F>
  __device__ T reduce(T v, F f) const {
    static_assert(sizeof(T) <= 16);
    T* const parts = reinterpret_cast<T*>(shared<BlockShared>().parts);
    v = warp_reduce(v, f);
    __syncthreads();  // an earlier reduction may still be read
    if ((rank() & 31) == 0) parts[rank() >> 5] = v;
    __syncthreads();
    T total = parts[0];
    for (int w = 1; w < size() >> 5; ++w) total = f(total, parts[w]);
    return total;
  }
  template <class T, class F>
  __device__ T exclusive(T v, T identity, F f) const {
    T* const parts = reinterpret_cast<T*>(shared<BlockShared>().parts);
    const T before = WarpTeam().exclusive(v, identity, f);
    const T mine = f(before, v);
    __syncthreads();
    if ((rank() & 31) == 31) parts[rank() >> 5] = mine;
    __syncthreads();
    T total = identity;
    for (int w = 0; w < rank() >> 5; ++w) total = f(total, parts[w]);
    return f(total, before);
  }
};

// Which strip (or row) this thread's team has first, and how far it is to its next.
template <class Team>
__device__ __forceinline__ int64_t first_of() {
  if constexpr (std::is_same_v<Team, ThreadTeam>) return grid_thread();
  if constexpr (std::is_same_v<Team, WarpTeam>) return grid_thread() >> 5;
  return blockIdx.x;
}
template <class Team>
__device__ __forceinline__ int64_t step_of() {
  if constexpr (std::is_same_v<Team, ThreadTeam>) return grid_threads();
  if constexpr (std::is_same_v<Team, WarpTeam>) return grid_threads() >> 5;
  return gridDim.x;
}

}  // namespace sconce::SCONCE_GPU
