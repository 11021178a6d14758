// Which kernel, tile and division of work a product gets: pure functions of the device's figures and the shape, tested with made-up
// devices.
#pragma once
#include <sconce/dtype.h>

#include <cstdint>

namespace sconce {

// What is asked of a device.
struct GpuProperties {
  int capability;    // 80 for 8.0
  int processors;    // streaming multiprocessors
  int shared_bytes;  // of shared memory that a block may have
};
// Of the acted-out GPU: an A100 with few processors, so that small shapes fill it as large ones fill a real one.
inline constexpr GpuProperties simulated_gpu{80, 4, 163 * 1024};

enum class MatmulKernel {
  simt,       // ordinary multiply-adds, for anything
  mma_small,  // tensor cores, 64 x 64 results a block
  mma_large,  // 128 x 128, or 128 x 64 with three products for one
  gemv,       // multiply-adds where rows or columns are few and the time is that of reading the other operand
};
struct MatmulChoice {
  MatmulKernel kernel;
  int splits;  // blocks that k is divided among; warps, for gemv along k
  bool operator==(const MatmulChoice&) const = default;
};

// rhs_along_k: the elements of a column lie together, as in Linear's weight. The left operand's rows always do, where this is asked.
struct MatmulShape {
  int64_t batch, m, n, k;
  bool rhs_along_k;
};

// `tf32`: f32 may be rounded to 10 bits of fraction.
MatmulChoice pick_matmul(const GpuProperties& gpu, const MatmulShape& shape, DType dtype, bool tf32);

}  // namespace sconce
