// Products of f32 matrices that are used once: the right one is packed a block at a time, on the way.
#pragma once
#include <cstdint>
#include <memory>

#include "cpu/isa/kernels.h"

namespace sconce::eager {

// The right matrix [k][n], wherever it lies.
class Columns {
 public:
  virtual ~Columns() = default;
  // panel[i * width + j] = element (k + i, column + j) for i < count, j < columns; what lies behind `columns` has no meaning. May write up to
  // a line (64 bytes) behind the panel.
  virtual void pack(int64_t k, int64_t count, int64_t column, int64_t columns, int64_t width,
                    float* panel) const = 0;
};

// c[i][j] = start[i] + the sum over k of a[i][k] * columns[k][j] + bias[j].
struct Product {
  int64_t m = 0, k = 0, n = 0;
  const float* a = nullptr;  // rows of k neighbours
  int64_t a_pitch = 0;
  const Columns* columns = nullptr;
  const float* start = nullptr;  // of each row, or null: 0
  const float* bias = nullptr;   // of each column with room for a panel behind them, or null
  float* c = nullptr;
  int64_t c_pitch = 0;
};

// How many columns are packed together, a multiple of a panel's width; and the parts that k is taken in. Results depend on the
// shape alone, not on how rows and columns are divided.
int64_t columns_together(const isa::GemmKernels& kernels);

// The part of a product with rows [row, row + rows) and columns [column, column + columns), where columns begin at a multiple of
// columns_together() and are at most so many. One thread; `scratch` has scratch_floats() floats.
void multiply_part(const Product& product, int64_t row, int64_t rows, int64_t column, int64_t columns,
                   const isa::GemmKernels& kernels, float* scratch);
int64_t scratch_floats(const isa::GemmKernels& kernels);

// Products 0 to count - 1, product(i) each of the same m, k and n, on all threads.
class Products {
 public:
  virtual ~Products() = default;
  virtual Product product(int64_t i) const = 0;
  // The rows and columns of a product that are now there: a chance to finish them while they are near.
  virtual void finish(int64_t, int64_t /*row*/, int64_t /*rows*/, int64_t /*column*/,
                      int64_t /*columns*/) const {}
};
void multiply_all(const Products& products, int64_t count, int64_t m, int64_t k, int64_t n);

}  // namespace sconce::eager
