// Rows put where an index says, in place where source and result are one; and which rows of a cache a token may look at.
#pragma once
#include <memory>

#include "cpu/engine/operator.h"

namespace sconce::engine {

// [images][heads][rows][size] floats, each row's side by side.
struct IndexCopyGeometry {
  int64_t dim = 0;  // that the rows are along, for messages
  int64_t images = 1, heads = 1, rows = 1, size = 1;
  int64_t image = 0, head = 0;  // of the whole, whose rows are adjacent: floats from one to the next
  int64_t count = 1;            // rows that are put
  int64_t source_image = 0, source_head = 0, source_row = 0;  // where they come from
};

// y = self with rows index[i] replaced by those of source: aten.index_copy along the last dimension but one. Inputs [self, int64 index[count],
// source], outputs [y]. y may be self: then nothing else is touched. A run throws Error (invalid_argument) with PyTorch's words for an
// index outside 0..rows - 1. Reads and writes nothing behind what it is given.
std::unique_ptr<Operator> make_index_copy(const IndexCopyGeometry& geometry);

// mask[i][j] = j <= positions[i] for i < rows, j < columns, and how many columns any row sees, at least one. Inputs [int64 positions], outputs
// [bool mask, int64 count].
std::unique_ptr<Operator> make_position_mask(int64_t rows, int64_t columns);

}  // namespace sconce::engine
