// Work in equal parts.
#pragma once
#include <algorithm>
#include <cstdint>

namespace sconce::engine {

// Where part i of `parts` of 0..total begins; part i ends where i + 1 begins.
inline int64_t part_begin(int64_t total, int64_t parts, int64_t i) { return total * i / parts; }

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// As many floats as are worth a piece of their own, where each is only moved or scaled.
inline constexpr double piece_floats = 64e3;

// How many pieces of about `per_piece` units some work makes, at most `most`.
inline int64_t pieces_of(double work, double per_piece, int64_t most) {
  return std::clamp<int64_t>(static_cast<int64_t>(work / per_piece), 1, std::max<int64_t>(most, 1));
}

}  // namespace sconce::engine
