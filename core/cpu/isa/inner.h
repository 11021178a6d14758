// Products by Winograd's inner product of 1968: half of the multiplications become additions, for machines whose adders are not their
// multiply-adders.
//
//   x0 y0 + x1 y1 = (x0 + y1)(x1 + y0) - x0 x1 - y0 y1 = y0 y1 + x0 x1 - (y1 - x0)(y0 - x1)
//
// The sums of x0 x1 are a row's, those of y0 y1 a column's, and known beforehand. A pair is (k, k + 16) of a block of 32; pairs take the
// two forms in turn, so that the sums of numbers with a mean stay small. Two thirds of a tile's rows are computed so and one third by
// plain multiply-adds, which fills both kinds of units. The rounding error is that of plain sums while x and y are of one size: rows and
// columns are brought to an rms near 1 by powers of two, which round nothing.
#pragma once
#include <cstdint>

#include "cpu/isa/epilogue.h"

namespace sconce::isa {

constexpr int kInnerRows = 18;       // the highest tile
constexpr int kInnerColumns = 16;    // of a panel
constexpr int64_t kInnerBlock = 32;  // k is a multiple of it
// So many k are summed in registers, then the sum moves on to memory: short sums keep rounding errors small, and a tile of this depth stays in
// the first-level cache.
constexpr int64_t kInnerChunk = 256;
constexpr int64_t inner_chunks(int64_t k) { return (k + kInnerChunk - 1) / kInnerChunk; }
// Floats of a panel: for each chunk the columns' sums of y0 y1, then for each pair the 16 y0 and the 16 y1.
constexpr int64_t inner_panel_floats(int64_t k) { return (inner_chunks(k) + k) * kInnerColumns; }

// One tile: c[i][n] = epilogue((sum over k of x[i][k] * panel[k][n]) * row_scale[i] * column_scale[n]).
struct InnerCall {
  const float* x;                       // [k / 32][rows][32]
  const float* sums;                    // [chunk][sums_pitch]: the rows' sums of x0 x1
  int64_t sums_pitch = 0;               // floats from chunk to chunk
  int64_t k = 0;                        // a multiple of kInnerBlock, the last ones may be zeros
  const float* panel = nullptr;         // see inner_panel_floats()
  const float* row_scale = nullptr;     // null: neither scale is applied
  const float* column_scale = nullptr;  // of the panel's columns
  float* c = nullptr;
  int64_t c_pitch = 0;                 // floats from row to row
  int64_t columns = kInnerColumns;     // how many of the panel's columns are stored
  bool accumulate = false;             // adds to what c holds (before bias, residual and activation)
  const Epilogue* epilogue = nullptr;  // null: none
  const char* prefetch =
      nullptr;  // is fetched into L2, prefetch_step bytes further with each of a pair's two lines
  int64_t prefetch_step = 0;
};
using InnerTile = void (*)(const InnerCall&);

// Rows on their way into a tile.
struct InnerRowsCall {
  const float* const*
      rows;                // of tap 0: one pointer for each row; those of the next tap lie rows_pitch further
  int64_t rows_pitch = 0;  // pointers from tap to tap
  int64_t taps = 1;
  int64_t k = 0;      // of a tap: a multiple of 32, or any number with one tap
  int64_t count = 0;  // rows
  const float* channel_scale =
      nullptr;            // x is multiplied by them: [taps * k], and as many zeros as fill the last block
  float* x = nullptr;     // [k of all taps / 32][count][32]
  float* sums = nullptr;  // [chunk][sums_pitch]
  int64_t sums_pitch = 0;
  float* row_scale = nullptr;  // what each row's results must be multiplied by
};

// One tile of Winograd's convolution (see vision.h) on its way into the products: multiplied by channel_scale and a power of two of its own.
struct InnerWinogradCall {
  const float* x;                    // the tile's first pixel, also where that lies outside the image
  int64_t x_row, x_pitch;            // floats from row to row, and from pixel to pixel
  int64_t channels;                  // a multiple of kInnerBlock
  int32_t top, bottom, left, right;  // pixels [top, bottom) x [left, right) of the tile lie inside
  const float* channel_scale;
  float* v;  // element e of channel c goes to v[e * v_element + c / 32 * v_block + c % 32]
  int64_t v_element, v_block;
  float* sums;                       // of x0 x1, by chunk and element
  int64_t sums_chunk, sums_element;  // floats from chunk to chunk and from element to element
  float* tile_scale;                 // what the tile's results must be multiplied by
};

struct InnerKernels {
  InnerTile tile[kInnerRows + 1];  // [rows]
  // The same by plain multiply-adds, one row of a tile of `rows`: for rows with infinities and NaNs.
  void (*plain_row)(const InnerCall&, int row, int rows);
  // False where a row holds something that is not finite: it was left as it is, and is for plain_row.
  bool (*rows)(const InnerRowsCall&);
  void (*winograd[2])(const InnerWinogradCall&);  // tiles of 4 and of 6
  // A panel from [k][16] plain weights, each k multiplied by channel[k] (null: by 1), and each column by a power of two that is chosen here and
  // undone by column_scale (null: by 1). `padded` k fill the last block with zeros.
  // False where something is not finite.
  bool (*pack)(const float* plain, int64_t k, int64_t padded, const float* channel, float* column_scale,
               float* panel);
  // As GemmKernels::multiply_adds, but every second operation is an addition.
  float (*half_additions)(int64_t rounds);
};

#if defined(SCONCE_HAS_AVX512)
extern const InnerKernels inner_avx512;
#endif

}  // namespace sconce::isa
