// Copies from global to shared memory that go on while the thread does (cp.async, sm_80).
#pragma once
#include "device/device.h"

namespace sconce::SCONCE_GPU {

// 16 bytes, both sides aligned to 16; zeros where `inside` is false. `from` is not read then.
__device__ __forceinline__ void copy_async16(void* to, const void* from, bool inside) {
#if defined(__CUDACC__)
  const auto target = static_cast<unsigned>(__cvta_generic_to_shared(to));
  const int bytes = inside ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(target), "l"(from), "r"(bytes));
#else
  struct Copy {
    void* to;
    const void* from;
  } copy{to, inside ? from : nullptr};
  defer_copy(
      [](void* p) {
        const auto* c = static_cast<Copy*>(p);
        if (c->from)
          std::memcpy(c->to, c->from, 16);
        else
          std::memset(c->to, 0, 16);
      },
      &copy, sizeof copy);
#endif
}

// The first `bytes` (0..16) of 16 bytes, and zeros behind them; both sides aligned to 16. With 0, `from` is not read.
__device__ __forceinline__ void copy_async_part(void* to, const void* from, int bytes) {
#if defined(__CUDACC__)
  const auto target = static_cast<unsigned>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(target), "l"(from), "r"(bytes));
#else
  struct Copy {
    void* to;
    const void* from;
    size_t bytes;
  } copy{to, from, static_cast<size_t>(bytes)};
  if (reinterpret_cast<uintptr_t>(to) % 16 != 0 || (bytes > 0 && reinterpret_cast<uintptr_t>(from) % 16 != 0))
    stop(Where{__FILE__, __LINE__}, "cp.async of 16 bytes that are not aligned to 16");
  defer_copy(
      [](void* p) {
        const auto* c = static_cast<Copy*>(p);
        std::memset(c->to, 0, 16);
        if (c->bytes) std::memcpy(c->to, c->from, c->bytes);
      },
      &copy, sizeof copy);
#endif
}

// Closes this thread's group of copies.
__device__ __forceinline__ void commit_async() {
#if defined(__CUDACC__)
  asm volatile("cp.async.commit_group;\n");
#else
  commit_copies();
#endif
}

// Waits until all but this thread's `Newest` youngest groups are there. Other threads see them after a __syncthreads().
template <int Newest>
__device__ __forceinline__ void wait_async() {
#if defined(__CUDACC__)
  asm volatile("cp.async.wait_group %0;\n" ::"n"(Newest));
#else
  wait_copies(Newest);
#endif
}

}  // namespace sconce::SCONCE_GPU
