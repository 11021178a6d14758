// Products of f32 matrices that are used once, by inner products.
#pragma once
#include "cpu/isa/kernels.h"
#include "cpu/products.h"

namespace sconce::eager {

// Whether that is faster on this machine for an m x k times k x n: bringing both sides into its form must be little of the work.
bool inner_is_faster(const isa::Kernels& kernels, int64_t m, int64_t k, int64_t n);

// Rows are divided at multiples of this, so that each row is computed in the same way however they are divided.
constexpr int64_t kInnerRowsTogether = 2 * isa::kInnerRows;

// As multiply_part().
void multiply_part_inner(const Product& product, int64_t row, int64_t rows, int64_t column, int64_t columns,
                         const isa::Kernels& kernels, float* scratch);
int64_t inner_scratch_floats();

}  // namespace sconce::eager
