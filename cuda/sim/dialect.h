// What CUDA gives a kernel, for g++: the names of CUDA's headers, on the acted-out GPU. Included by device/device.h alone.
#pragma once
#include <atomic>
#include <cmath>
#include <cstring>

#include "sim/sim.h"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))

namespace sconce::gpu_sim {

using cudaStream_t = void*;

// Set by the scheduler whenever it resumes a thread.
inline thread_local uint3 threadIdx, blockIdx;
inline thread_local dim3 blockDim, gridDim;

inline void __syncthreads(Where at = {__builtin_FILE(), __builtin_LINE()}) { block_barrier(0, 0, at); }
inline void __syncwarp(unsigned mask = ~0U, Where at = {__builtin_FILE(), __builtin_LINE()}) {
  int nothing = 0;
  warp_collective(
      mask, &nothing, [](unsigned, void**) {}, at);
}

template <class T>
T shuffle(unsigned mask, T value, int source, Where at) {
  struct Brought {
    T value, got;
    int source;
  } mine{value, value, source};
  warp_collective(
      mask, &mine,
      [](unsigned m, void** lanes) {
        for (int i = 0; i < 32; ++i) {
          if (!(m >> i & 1)) continue;
          auto* me = static_cast<Brought*>(lanes[i]);
          if (me->source >= 0 && me->source < 32 && (m >> me->source & 1))
            me->got = static_cast<Brought*>(lanes[me->source])->value;
        }
      },
      at);
  return mine.got;
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, Where at = {__builtin_FILE(), __builtin_LINE()}) {
  return shuffle(mask, value, source & 31, at);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, Where at = {__builtin_FILE(), __builtin_LINE()}) {
  return shuffle(mask, value, static_cast<int>(lane_id()) ^ bits, at);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, Where at = {__builtin_FILE(), __builtin_LINE()}) {
  return shuffle(mask, value, static_cast<int>(lane_id() + by), at);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, Where at = {__builtin_FILE(), __builtin_LINE()}) {
  return shuffle(mask, value, static_cast<int>(lane_id()) - static_cast<int>(by), at);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, Where at = {__builtin_FILE(), __builtin_LINE()}) {
  struct Brought {
    int predicate;
    unsigned got;
  } mine{predicate, 0};
  warp_collective(
      mask, &mine,
      [](unsigned m, void** lanes) {
        unsigned votes = 0;
        for (int i = 0; i < 32; ++i)
          if (m >> i & 1 && static_cast<Brought*>(lanes[i])->predicate) votes |= 1U << i;
        for (int i = 0; i < 32; ++i)
          if (m >> i & 1) static_cast<Brought*>(lanes[i])->got = votes;
      },
      at);
  return mine.got;
}

template <class T>
T atomicAdd(T* target, T value) {
  return std::atomic_ref<T>(*target).fetch_add(value, std::memory_order_relaxed);
}
template <class T>
T atomicMax(T* target, T value) {
  std::atomic_ref<T> shared(*target);
  T old = shared.load();
  while (old < value && !shared.compare_exchange_weak(old, value)) {
  }
  return old;
}
template <class T>
T atomicExch(T* target, T value) {
  return std::atomic_ref<T>(*target).exchange(value);
}
inline void __threadfence() { std::atomic_thread_fence(std::memory_order_seq_cst); }

}  // namespace sconce::gpu_sim
