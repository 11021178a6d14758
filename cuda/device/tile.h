// Where the 16-byte pieces of a tile lie in shared memory, and in which order tiles are made. Constant expressions, tested as such.
#pragma once
#include <cstdint>

#include "device/device.h"

namespace sconce::SCONCE_GPU {

// Rows of 128 bytes, 8 pieces each: piece c of row r. Eight rows' pieces of one column, which ldmatrix reads at once, lie in
// different banks, and so do the eight pieces of a row.
__device__ constexpr int swizzled(int row, int piece) { return piece ^ (row & 7); }

// The same for rows of f32 that lie across k and are read as words: word n of rows t = 0..3, n = 0..7, at once.
__device__ constexpr int swizzled_words(int row, int piece) { return piece ^ (2 * (row & 3)); }

// Tile i of rows x columns tiles, in bands of up to 8 rows of tiles, so that tiles made at one time share operands in the cache.
struct TileAt {
  int row, column;
};
__device__ constexpr TileAt tile_at(int64_t i, int rows, int columns) {
  constexpr int band = 8;
  const int64_t per_band = static_cast<int64_t>(band) * columns;
  const int first = static_cast<int>(i / per_band) * band;
  const int height = rows - first < band ? rows - first : band;
  const auto within = static_cast<int>(i % per_band);
  return {first + within % height, within / height};
}

}  // namespace sconce::SCONCE_GPU
