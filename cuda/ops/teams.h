// Which team works on a strip, and the grid for it.
#pragma once
#include <sconce/kernels/op_codes.h>

#include "ops/launching.h"

namespace sconce::SCONCE_GPU {

enum class TeamKind { thread, warp, block };

// Neighbouring threads should read neighbouring elements: along the strip where it is dense, across strips where they are
// interleaved. A pure function of the shape, so that the order of additions is, too.
inline TeamKind team_for(const Strips& s) {
  if (s.length <= 4 || (s.inner >= 32 && s.length <= 4096)) return TeamKind::thread;
  return s.length <= 1024 ? TeamKind::warp : TeamKind::block;
}

// Calls f.operator()<Team>(grid, block, shared bytes).
template <class F>
void with_team(const Strips& s, F&& f) {
  const int64_t strips = s.outer * s.inner;
  switch (team_for(s)) {
    case TeamKind::thread:
      return f.template operator()<ThreadTeam>(grid_for(strips), dim3(block_size), size_t{0});
    case TeamKind::warp:
      return f.template operator()<WarpTeam>(grid_for(strips * 32), dim3(block_size), size_t{0});
    case TeamKind::block:
      return f.template operator()<BlockTeam>(
          dim3(static_cast<unsigned>(std::clamp<int64_t>(strips, 1, most_blocks))), dim3(block_size),
          sizeof(BlockShared));
  }
}

}  // namespace sconce::SCONCE_GPU
