// The model of a tensor core, for device/mma.h: a warp's lanes meet, and one of them computes for all.
#pragma once
#include "sim/sim.h"

namespace sconce::gpu_sim {

// out[count][4] of each lane from the 16-byte rows that the lanes point to.
void load_matrices_together(bool transposed, int count, uint32_t* out, const void* const* rows, Where at);

// d[mi][ni][4] += a[mi][4] b[ni][2]; kind 0: tf32, the low 13 bits ignored; 1: bf16; 2: f16. Products and their sum are exact; what is
// added to d is cut toward zero, once for each k = 8 (16), as the hardware cuts (Ootomo and Yokota, arXiv 2203.03341).
void multiply_together(int kind, int mi, int ni, float* d, const uint32_t* a, const uint32_t* b, Where at);

}  // namespace sconce::gpu_sim
