// Moving elements: strided copies, casts, lookups by index, masks and padding.
#pragma once
#include <sconce/kernels/pad.h>

#include "device/element.h"
#include "device/layout.h"

namespace sconce::SCONCE_GPU {

template <class B>
__global__ void copy_strided(Layout<2> layout, const B* __restrict__ from, B* __restrict__ to) {
  for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
    int64_t at[2];
    layout.offsets(i, at);
    to[at[0]] = from[at[1]];
  }
}

// Two strided dimensions that change places, by way of tiles in shared memory, so that both sides are read and written in rows.
// [planes, rows, columns] with columns contiguous -> [planes, columns, rows] with rows contiguous. A block of 32 x 8 threads a tile.
template <class B>
struct TransposeShared {
  B tile[32][33];
};
template <class B>
__global__ void __launch_bounds__(256)
    transpose_tiles(const B* __restrict__ from, B* __restrict__ to, int64_t rows, int64_t columns) {
  auto& s = shared<TransposeShared<B>>();
  const int64_t tiles_down = (rows + 31) / 32;
  const int64_t plane = static_cast<int64_t>(blockIdx.x) / tiles_down;
  const int64_t row0 = static_cast<int64_t>(blockIdx.x) % tiles_down * 32;
  const int x = static_cast<int>(threadIdx.x) % 32, y = static_cast<int>(threadIdx.x) / 32;
  from += plane * rows * columns, to += plane * rows * columns;
  for (int64_t column0 = static_cast<int64_t>(blockIdx.y) * 32; column0 < columns;
       column0 += static_cast<int64_t>(gridDim.y) * 32) {
    for (int k = y; k < 32; k += 8)
      if (row0 + k < rows && column0 + x < columns) s.tile[k][x] = from[(row0 + k) * columns + column0 + x];
    __syncthreads();
    for (int k = y; k < 32; k += 8)
      if (column0 + k < columns && row0 + x < rows) to[(column0 + k) * rows + row0 + x] = s.tile[x][k];
    __syncthreads();
  }
}

// By way of C, which holds every value of the source's dtype.
template <class C>
__global__ void cast_strided(Layout<2> layout, DType from_dtype, const void* __restrict__ from,
                             DType to_dtype, void* __restrict__ to, bool nan_is_zero) {
  for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
    int64_t at[2];
    layout.offsets(i, at);
    C v = read<C>(from_dtype, from, at[1]);
    if (nan_is_zero && v != v) v = C(0);
    write(to_dtype, to, at[0], v);
  }
}

// out[o, i, j] = from[o, index[i], j]
template <class B>
__global__ void select_rows(const B* __restrict__ from, const int64_t* __restrict__ index, B* __restrict__ to,
                            int64_t outer, int64_t n, int64_t chosen, int64_t inner) {
  const int64_t total = outer * chosen * inner;
  for (int64_t i = grid_thread(); i < total; i += grid_threads()) {
    const int64_t row = i / inner, o = row / chosen;
    to[i] = from[(o * n + index[row - o * chosen]) * inner + (i - row * inner)];
  }
}

// The layout walks index (and result, 0) and the source without dimension d (1); `step` is the source's stride along d.
template <class B>
__global__ void gather_elements(Layout<2> layout, const B* __restrict__ from,
                                const int64_t* __restrict__ index, B* __restrict__ to, int64_t step) {
  for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
    int64_t at[2];
    layout.offsets(i, at);
    to[at[0]] = from[at[1] + index[at[0]] * step];
  }
}

template <class B>
__global__ void copy_where(Layout<3> layout, const uint8_t* __restrict__ mask, const B* __restrict__ from,
                           B* __restrict__ to) {
  for (int64_t i = grid_thread(); i < layout.numel; i += grid_threads()) {
    int64_t at[3];
    layout.offsets(i, at);
    if (mask[at[2]] != 0) to[at[0]] = from[at[1]];
  }
}

// Dimensions innermost first.
struct PadShape {
  int rank;
  int64_t numel;
  int64_t out[max_rank], in[max_rank], before[max_rank], stride[max_rank];
};
template <class B>
__global__ void pad_elements(PadShape shape, PadMode mode, const B* __restrict__ from, B* __restrict__ to) {
  for (int64_t i = grid_thread(); i < shape.numel; i += grid_threads()) {
    int64_t rest = i, at = 0;
    for (int d = 0; d < shape.rank; ++d) {
      const int64_t next = rest / shape.out[d];
      at += kernels::padded_index(mode, rest - next * shape.out[d], shape.before[d], shape.in[d]) *
            shape.stride[d];
      rest = next;
    }
    to[i] = from[at];
  }
}

}  // namespace sconce::SCONCE_GPU
