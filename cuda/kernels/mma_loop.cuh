// The main loop of products on tensor cores (sm_80): a ring of stages filled by asynchronous copies, swizzled shared memory, ldmatrix and
// mma.sync. What the operands are is said by small structs that fetch a stage; what becomes of the sums, by the kernel.
#pragma once
#include "device/async.h"
#include "device/element.h"
#include "device/mma.h"
#include "device/tile.h"

namespace sconce::SCONCE_GPU {

//   tf32x3   f32 as sums of two tf32 numbers: three products instead of one, and sums of 32 k that are added up by ordinary f32
//            additions, because tensor cores cut instead of rounding. The error is no larger than that of f32 multiply-adds.
//   tf32     f32 rounded to 10 bits of fraction.
enum class MmaPrecision { tf32x3, tf32, bf16, f16 };

// Mistakes that tests plant to see the simulator object.
enum class Planted { nothing, no_barrier, short_wait, early_fetch };

// A block makes BM x BN results in warps of WM x WN.
template <MmaPrecision P, int BM, int BN, int WM, int WN>
struct MmaTile {
  static constexpr MmaPrecision precision = P;
  static constexpr bool split = P == MmaPrecision::tf32x3;
  static constexpr Fragment fragment = P == MmaPrecision::bf16  ? Fragment::bf16
                                       : P == MmaPrecision::f16 ? Fragment::f16
                                                                : Fragment::tf32;
  using Element = std::conditional_t<P == MmaPrecision::bf16, BFloat16,
                                     std::conditional_t<P == MmaPrecision::f16, Half, float>>;
  static constexpr int size = sizeof(Element), piece = 16 / size;  // elements of 16 bytes
  static constexpr int m = BM, n = BN, k = 128 / size;             // of a stage
  static constexpr int warp_m = WM, warp_n = WN, mi = WM / 16, ni = WN / 8;
  static constexpr int threads = BM / WM * (BN / WN) * 32;
  static constexpr int stages = 3;
  struct Shared {
    alignas(128) unsigned char a[stages][BM * 128];
    alignas(128) unsigned char b[stages][BN * 128];
  };
};

// 16 bytes of elements from memory: at once and later where they are aligned, else one by one and now. `left`: how many there are.
template <class E>
__device__ __forceinline__ void fetch_piece(unsigned char* to, const E* from, int64_t left, bool wide) {
  constexpr int count = 16 / sizeof(E);
  const int here = left <= 0 ? 0 : left < count ? static_cast<int>(left) : count;
  if (wide) return copy_async_part(to, from, here * static_cast<int>(sizeof(E)));
  auto* elements = reinterpret_cast<E*>(to);
  SCONCE_UNROLL
  for (int e = 0; e < count; ++e) elements[e] = e < here ? from[e] : E{};
}

// Stages of Rows rows of an operand whose elements lie along k: rows of 128 bytes.
template <class T, int Rows>
struct FetchRows {
  using E = typename T::Element;
  const E* from;  // the tile's first row
  int64_t pitch;
  int rows;  // that exist
  bool wide;
  __device__ __forceinline__ void operator()(unsigned char* stage, int k0, int k_end) const {
    const int tid = static_cast<int>(threadIdx.x), piece = tid % 8, k = k0 + piece * T::piece;
    SCONCE_UNROLL
    for (int i = 0; i < Rows * 8 / T::threads; ++i) {
      const int row = tid / 8 + i * (T::threads / 8);
      const bool inside = row < rows && k < k_end;
      fetch_piece(stage + row * 128 + swizzled(row, piece) * 16, inside ? from + row * pitch + k : from,
                  inside ? k_end - k : 0, wide);
    }
  }
};

// The same of an operand whose elements lie across k: T::k rows of Columns elements.
template <class T, int Columns>
struct FetchAcross {
  using E = typename T::Element;
  static constexpr int pieces = Columns / T::piece;
  const E* from;  // the tile's first column
  int64_t pitch;
  int columns;  // that exist
  bool wide;
  __device__ __forceinline__ void operator()(unsigned char* stage, int k0, int k_end) const {
    const int tid = static_cast<int>(threadIdx.x), piece = tid % pieces;
    const int left = columns - piece * T::piece;
    SCONCE_UNROLL
    for (int i = 0; i < T::k * pieces / T::threads; ++i) {
      const int row = tid / pieces + i * (T::threads / pieces), k = k0 + row;
      const int at = T::size == 4 ? swizzled_words(row, piece) : swizzled(row, piece);
      const bool inside = k < k_end && left > 0;
      fetch_piece(stage + row * (Columns * T::size) + at * 16,
                  inside ? from + k * pitch + piece * T::piece : from, inside ? left : 0, wide);
    }
  }
};

// This warp's place in the block's tile.
template <class T>
__device__ __forceinline__ int warp_row() {
  return static_cast<int>(threadIdx.x) / 32 / (T::n / T::warp_n) * T::warp_m;
}
template <class T>
__device__ __forceinline__ int warp_column() {
  return static_cast<int>(threadIdx.x) / 32 % (T::n / T::warp_n) * T::warp_n;
}

// Fragments of rows that lie along k: MI times 16 rows from `row`, piece `piece` and the next of each.
template <int MI>
__device__ __forceinline__ void load_rows(uint32_t (&a)[MI][4], const unsigned char* stage, int row,
                                          int piece) {
  const int lane = static_cast<int>(threadIdx.x) % 32, mine = row + lane % 16, at = piece + lane / 16;
  const void* rows[MI];
  SCONCE_UNROLL
  for (int i = 0; i < MI; ++i) rows[i] = stage + (mine + 16 * i) * 128 + swizzled(mine, at) * 16;
  load_matrices<false>(a, rows);
}

// The other operand's: NI times 8 columns from `column`, over the k of pieces 2 step and 2 step + 1. Pitch: bytes of a row across k.
template <class T, bool AlongK, int NI>
__device__ __forceinline__ void load_columns(uint32_t (&b)[NI][2], const unsigned char* stage, int column,
                                             int step, int pitch) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if constexpr (!AlongK && T::size == 4) {
    SCONCE_UNROLL
    for (int q = 0; q < 2; ++q) {
      const int row = 8 * step + lane % 4 + 4 * q;
      SCONCE_UNROLL
      for (int j = 0; j < NI; ++j) {
        const int n = column + 8 * j + lane / 4;
        std::memcpy(&b[j][q], stage + row * pitch + swizzled_words(row, n / 4) * 16 + n % 4 * 4, 4);
      }
    }
  } else {
    uint32_t four[NI / 2][4];
    const void* rows[NI / 2];
    if constexpr (AlongK) {
      const int mine = column + lane % 8 + lane / 16 * 8, at = 2 * step + lane / 8 % 2;
      SCONCE_UNROLL
      for (int j = 0; j < NI / 2; ++j) rows[j] = stage + (mine + 16 * j) * 128 + swizzled(mine, at) * 16;
    } else {
      const int mine = 16 * step + lane % 16, at = column / 8 + lane / 16;
      SCONCE_UNROLL
      for (int j = 0; j < NI / 2; ++j) rows[j] = stage + mine * pitch + swizzled(mine, at + 2 * j) * 16;
    }
    load_matrices<!AlongK>(four, rows);
    SCONCE_UNROLL
    for (int j = 0; j < NI; ++j) b[j][0] = four[j / 2][j % 2 * 2], b[j][1] = four[j / 2][j % 2 * 2 + 1];
  }
}

// v = high + low of tf32 each; v becomes the high part.
template <int A, int B>
__device__ __forceinline__ void split_tf32(uint32_t (&v)[A][B], uint32_t (&low)[A][B]) {
  SCONCE_UNROLL
  for (int i = 0; i < A; ++i) SCONCE_UNROLL
  for (int j = 0; j < B; ++j) {
    const uint32_t high = rounded_tf32(v[i][j]);
    low[i][j] = rounded_tf32(bits_as<uint32_t>(bits_as<float>(v[i][j]) - bits_as<float>(high)));
    v[i][j] = high;
  }
}
template <int A, int B>
__device__ __forceinline__ void round_tf32(uint32_t (&v)[A][B]) {
  SCONCE_UNROLL
  for (int i = 0; i < A; ++i) SCONCE_UNROLL
  for (int j = 0; j < B; ++j) v[i][j] = rounded_tf32(v[i][j]);
}

// d += a b in T's precision; small takes the products with low parts, which are about 2^-11 of the others.
template <class T, int MI, int NI>
__device__ __forceinline__ void multiply_parts(float (&d)[MI][NI][4], float (&small)[MI][NI][4],
                                               uint32_t (&a)[MI][4], uint32_t (&b)[NI][2]) {
  if constexpr (T::split) {
    uint32_t a_low[MI][4], b_low[NI][2];
    split_tf32(a, a_low), split_tf32(b, b_low);
    multiply<T::fragment>(small, a_low, b);
    multiply<T::fragment>(small, a, b_low);
  } else if constexpr (T::size == 4) {
    round_tf32(a), round_tf32(b);
  }
  multiply<T::fragment>(d, a, b);
}

template <int MI, int NI>
__device__ __forceinline__ void move_sums(float (&to)[MI][NI][4], float (&from)[MI][NI][4]) {
  SCONCE_UNROLL
  for (int i = 0; i < MI; ++i) SCONCE_UNROLL
  for (int j = 0; j < NI; ++j) SCONCE_UNROLL
  for (int q = 0; q < 4; ++q) to[i][j][q] += from[i][j][q], from[i][j][q] = 0;
}

// total += the products of k in [k_begin, k_end), for this warp's part of the tile.
template <class T, bool BAlongK, Planted P, class FetchA, class FetchB>
__device__ __forceinline__ void mma_loop(const FetchA& fetch_a, const FetchB& fetch_b, int k_begin, int k_end,
                                         float (&total)[T::mi][T::ni][4]) {
  auto& s = shared<typename T::Shared>();
  const int row = warp_row<T>(), column = warp_column<T>();
  const auto fetch = [&](int stage, int k0) {
    fetch_a(s.a[stage], k0, k_end), fetch_b(s.b[stage], k0, k_end);
  };
  float small[T::mi][T::ni][4] = {}, sum[T::mi][T::ni][4] = {};
  __syncthreads();  // an earlier tile may still be read
  SCONCE_UNROLL
  for (int i = 0; i < T::stages - 1; ++i) {
    if (k_begin + i * T::k < k_end) fetch(i, k_begin + i * T::k);
    commit_async();
  }
  int stage = 0, next = T::stages - 1;
  for (int k0 = k_begin; k0 < k_end; k0 += T::k) {
    const int k_next = k0 + (T::stages - 1) * T::k;
    if (P == Planted::early_fetch && k_next < k_end) fetch(next, k_next);
    wait_async<P == Planted::short_wait ? T::stages - 1 : T::stages - 2>();
    if (P != Planted::no_barrier) __syncthreads();
    if (P != Planted::early_fetch && k_next < k_end) fetch(next, k_next);
    commit_async();
    SCONCE_UNROLL_BY((T::split ? 1 : 4))  // registers
    for (int step = 0; step < 4; ++step) {
      uint32_t a[T::mi][4], b[T::ni][2];
      load_rows(a, s.a[stage], row, 2 * step);
      load_columns<T, BAlongK>(b, s.b[stage], column, step, T::n * T::size);
      if constexpr (T::split)
        multiply_parts<T>(sum, small, a, b);
      else
        multiply_parts<T>(total, small, a, b);
    }
    if constexpr (T::split) move_sums(total, sum);
    stage = stage + 1 == T::stages ? 0 : stage + 1;
    next = next + 1 == T::stages ? 0 : next + 1;
  }
  if constexpr (T::split) move_sums(total, small);
  wait_async<0>();
}

// Calls f(row, column, sum, sum of the next column) within the tile.
template <class T, class F>
__device__ __forceinline__ void each_pair(const float (&sums)[T::mi][T::ni][4], const F& f) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int row = warp_row<T>() + lane / 4, column = warp_column<T>() + lane % 4 * 2;
  SCONCE_UNROLL
  for (int i = 0; i < T::mi; ++i) SCONCE_UNROLL
  for (int half = 0; half < 2; ++half) SCONCE_UNROLL
  for (int j = 0; j < T::ni; ++j)
    f(row + 16 * i + 8 * half, column + 8 * j, sums[i][j][2 * half], sums[i][j][2 * half + 1]);
}

__device__ __forceinline__ bool is_finite(float v) {
  return (bits_as<uint32_t>(v) & 0x7F800000U) != 0x7F800000U;
}

}  // namespace sconce::SCONCE_GPU
