// Which buffers of a plan share memory.
#pragma once
#include "cpu/plan/program.h"

namespace sconce::plan {

// Places in the arena and the packs begin at multiples of this, in bytes, and kernels may read so far behind them.
inline constexpr int64_t alignment = 64, slack = 64;

// Gives each arena buffer an offset such that no two that live at the same time overlap: the largest first, each at the lowest place that
// is free for its whole life. 64-byte aligned, with 64 bytes behind each that kernels may read. Returns the bytes in all.
// Without `share` every buffer has memory of its own.
int64_t assign_offsets(std::vector<Buffer>& buffers, bool share = true);

}  // namespace sconce::plan
