// The matrix products of one instruction set: tiles of rows that lie anywhere times panels of packed weights.
#pragma once
#include <cstdint>

#include "cpu/isa/epilogue.h"

namespace sconce::isa {

// How a panel's weights lie in memory. All but f32 are widened to f32 on their way into a product, and summed in f32.
//   bf16, f16  two bytes each
//   i8         one byte each; a column's results are multiplied by its scale at the end
enum class Stored : uint8_t { f32, bf16, f16, i8 };
constexpr int64_t size_of(Stored stored) { return stored == Stored::f32 ? 4 : stored == Stored::i8 ? 1 : 2; }

// One tile: c[i][n] = epilogue(sum over taps t and k of rows[t * rows_pitch + i][offset + k] * panel[(t * k + k)][n]).
//
// A plain product has one tap. A convolution has one for each position of its kernel: rows[t][i] is the pixel that tap t sees from
// output pixel i, or a row of zeros where that lies outside the image.
struct GemmCall {
  const float* const*
      rows;  // of tap 0: one pointer for each row of the tile; those of the next tap lie rows_pitch further
  int64_t rows_pitch = 0;  // pointers from tap to tap
  int64_t offset = 0;  // floats that are added to each pointer: a group's first channel, a block's first k
  int64_t taps = 1;
  int64_t k = 0;  // at least 1
  const void* panel =
      nullptr;  // [taps][k][width], width = vectors * GemmKernels::vector; f32 but for narrow tiles
  const float* scale = nullptr;  // of the panel's columns, narrow tiles of i8 only: multiplied into the sums
  float* c = nullptr;
  int64_t c_pitch = 0;  // floats from row to row
  int64_t columns =
      0;  // how many of the panel's columns are stored: (vectors - 1) * vector < columns <= width
  bool accumulate = false;             // adds to what c holds (before bias, residual and activation)
  const Epilogue* epilogue = nullptr;  // null: the bare sums
  const char* prefetch =
      nullptr;  // is fetched into L2, prefetch_step bytes further with each k; null: nothing is
  int64_t prefetch_step = 64;
};
using GemmTile = void (*)(const GemmCall&);

constexpr int kGemmVectors = 4;  // the widest panel of any instruction set, in vectors
constexpr int kGemmRows = 16;    // the highest tile
constexpr int kNarrowRows = 4;   // the highest tile that widens weights itself

// What a prologue does to a row of k floats on its way into scratch memory.
struct RowPrologue {
  const float* scale = nullptr;  // x * scale[k] + shift[k]; either may be null
  const float* shift = nullptr;
  bool relu = false;
};

// Weights of one narrow type.
struct NarrowKernels {
  // [v][r]: tiles that read them, for few rows, where reading the weights is what takes the time. They do not accumulate.
  GemmTile tile[kGemmVectors + 1][kNarrowRows + 1];
  // For more rows a panel is widened first: to[i * width + n] = from[i * width + n] * scale[n] for i < count; scale is i8's alone.
  void (*widen)(const void* from, const float* scale, int64_t count, int64_t width, float* to);
};

struct GemmKernels {
  int vector;                                      // floats in a vector
  int vectors;                                     // of a full panel
  int widest;                                      // and of the widest that there are tiles for
  int rows[kGemmVectors + 1];                      // [v]: rows of the highest tile for panels of v vectors
  GemmTile tile[kGemmVectors + 1][kGemmRows + 1];  // [v][r]: the tile of r rows, 1 <= r <= rows[v]

  NarrowKernels narrow[3];  // bf16, f16, i8

  // panel[(t * k + c) * width + r] = weight[r * weight_pitch + c * taps + t] * (scale[r] + scale_low[r]); 0 for r >= rows.
  // scale may be null: 1. The sum of the two floats stands for a double.
  void (*pack)(const float* weight, int64_t weight_pitch, int64_t rows, const float* scale,
               const float* scale_low, int64_t k, int64_t taps, int64_t width, float* panel);
  // panel[i * width + n] = b[i * b_pitch + n] for n < columns, 0 for the rest: a matrix that is already [k][n].
  void (*pack_rows)(const float* b, int64_t b_pitch, int64_t k, int64_t columns, int64_t width, float* panel);
  // y = prologue(x) for one row of k floats.
  void (*prologue)(const RowPrologue& prologue, const float* x, int64_t k, float* y);
  // Copies n floats from x + i * x_step to y + i * y_step for i < count; reads and writes up to 15 more of any value behind each.
  void (*copy)(const float* x, int64_t x_step, int64_t n, int64_t count, float* y, int64_t y_step);
  // `rounds` times as many independent multiply-adds as keep the machine busy, and nothing else: the peak that products are held against.
  // The result means nothing.
  float (*multiply_adds)(int64_t rounds);
  int flops;  // of a round

  const NarrowKernels& of(Stored stored) const { return narrow[static_cast<int>(stored) - 1]; }  // not f32
  int width() const { return vector * vectors; }
  // How many vectors the next panel has, where so many columns are left and none is wider than a full one.
  int vectors_for(int64_t columns) const {
    return columns >= width() ? vectors : static_cast<int>((columns + vector - 1) / vector);
  }
  // A matrix of n columns falls into full panels and a last one with the rest, which may be wider than a full one: a rest of up to
  // (widest - vectors) vectors does not make a panel of its own. Panel p begins at column p * width().
  int64_t panels_for(int64_t n) const {
    const int64_t full = n / width(), rest = n % width();
    return full + (rest > (full > 0 ? (widest - vectors) * vector : 0) ? 1 : 0);
  }
  int64_t columns_of(int64_t panel, int64_t n) const {
    return panel + 1 == panels_for(n) ? n - panel * width() : width();
  }
  int vectors_of(int64_t panel, int64_t n) const {
    return static_cast<int>((columns_of(panel, n) + vector - 1) / vector);
  }
};

#if defined(SCONCE_HAS_SCALAR)
extern const GemmKernels gemm_scalar;
#endif
#if defined(SCONCE_HAS_AVX2)
extern const GemmKernels gemm_avx2;
#endif
#if defined(SCONCE_HAS_AVX512)
extern const GemmKernels gemm_avx512;
#endif
#if defined(SCONCE_HAS_NEON)
extern const GemmKernels gemm_neon;
#endif

}  // namespace sconce::isa
