// How an operator's work falls into pieces.
#pragma once
#include <algorithm>
#include <cstdint>

namespace sconce::engine {

// `items` equal things, `each` of them a piece.
struct Split {
  int64_t items = 0, each = 1;

  // So many items a piece that one costs about `target`, where an item costs `cost`.
  static Split by_cost(int64_t items, int64_t cost, int64_t target) {
    return {items, std::clamp<int64_t>(target / std::max<int64_t>(cost, 1), 1, std::max<int64_t>(items, 1))};
  }
  int64_t pieces() const { return (items + each - 1) / each; }
  int64_t begin(int64_t piece) const { return std::min(piece * each, items); }
};

// Floats that a pass over memory handles in some 20 microseconds.
constexpr int64_t kFloatsOfPiece = 32 * 1024;

}  // namespace sconce::engine
