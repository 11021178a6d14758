// Tensor cores (sm_80): matrices of 8 x 16 bytes from shared memory into fragments, and products of fragments. All lanes of a warp
// call together. Lane maps are PTX's, with g = lane / 4 and t = lane % 4; "word" is one f32, or two neighbours of 16 bits:
//   a[0..3] = A[g][t], A[g + 8][t], A[g][t + 4], A[g + 8][t + 4]    (t and t + 4 count words along k)
//   b[0..1] = B[t][g], B[t + 4][g]
//   d[0..3] = D[g][2t], D[g][2t + 1], D[g + 8][2t], D[g + 8][2t + 1]
#pragma once
#include <cstring>

#include "device/device.h"
#if defined(__CUDACC__)
#define SCONCE_QUOTED(text) #text
#define SCONCE_UNROLL_BY(n) _Pragma(SCONCE_QUOTED(unroll n))
#else
#include "sim/tensor_core.h"
#define SCONCE_UNROLL_BY(n)
#endif

namespace sconce::SCONCE_GPU {

// What tensor cores multiply: f32 cut to 10 bits of fraction, bf16 or f16. They add in f32.
enum class Fragment { tf32, bf16, f16 };

// The same bits as another type.
template <class To, class From>
__device__ __forceinline__ To bits_as(From v) {
  static_assert(sizeof(To) == sizeof(From));
  To out;
  std::memcpy(&out, &v, sizeof out);
  return out;
}

// To the nearest with 10 bits of fraction, halves away from 0.
__device__ __forceinline__ uint32_t rounded_tf32(uint32_t v) {
#if defined(__CUDACC__)
  uint32_t out;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(out) : "f"(__uint_as_float(v)));
  return out;
#else
  const bool is_nan = (v & 0x7FFFFFFFU) > 0x7F800000U;
  return is_nan ? 0x7FFFE000U : (v + 0x1000U) & ~0x1FFFU;
#endif
}

// Each of Count times: the four matrices whose 32 rows lie where lanes 0..31 point; lane i gets word i % 4 of row i / 4 of each.
// Transposed: elements of 16 bits (2 (i % 4), i / 4) and (2 (i % 4) + 1, i / 4).
template <bool Transposed, int Count>
__device__ __forceinline__ void load_matrices(uint32_t (&out)[Count][4], const void* const (&rows)[Count]) {
#if defined(__CUDACC__)
  SCONCE_UNROLL
  for (int i = 0; i < Count; ++i) {
    const auto at = static_cast<unsigned>(__cvta_generic_to_shared(rows[i]));
    if constexpr (Transposed)
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
                   : "=r"(out[i][0]), "=r"(out[i][1]), "=r"(out[i][2]), "=r"(out[i][3])
                   : "r"(at)
                   : "memory");
    else
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
                   : "=r"(out[i][0]), "=r"(out[i][1]), "=r"(out[i][2]), "=r"(out[i][3])
                   : "r"(at)
                   : "memory");
  }
#else
  load_matrices_together(Transposed, Count, &out[0][0], rows, Where{__builtin_FILE(), __builtin_LINE()});
#endif
}

// d[i][j] += a[i] b[j]: 16 x 8 results each, over k = 8 (tf32) or 16.
template <Fragment F, int MI, int NI>
__device__ __forceinline__ void multiply(float (&d)[MI][NI][4], const uint32_t (&a)[MI][4],
                                         const uint32_t (&b)[NI][2]) {
#if defined(__CUDACC__)
#define SCONCE_MMA(shape, type)                                                         \
  asm volatile("mma.sync.aligned." shape ".row.col.f32." type "." type                  \
               ".f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};\n"              \
               : "+f"(d[i][j][0]), "+f"(d[i][j][1]), "+f"(d[i][j][2]), "+f"(d[i][j][3]) \
               : "r"(a[i][0]), "r"(a[i][1]), "r"(a[i][2]), "r"(a[i][3]), "r"(b[j][0]), "r"(b[j][1]))
  SCONCE_UNROLL
  for (int i = 0; i < MI; ++i) SCONCE_UNROLL
  for (int j = 0; j < NI; ++j) {
    if constexpr (F == Fragment::tf32)
      SCONCE_MMA("m16n8k8", "tf32");
    else if constexpr (F == Fragment::bf16)
      SCONCE_MMA("m16n8k16", "bf16");
    else
      SCONCE_MMA("m16n8k16", "f16");
  }
#undef SCONCE_MMA
#else
  multiply_together(static_cast<int>(F), MI, NI, &d[0][0][0], &a[0][0], &b[0][0],
                    Where{__builtin_FILE(), __builtin_LINE()});
#endif
}

}  // namespace sconce::SCONCE_GPU
