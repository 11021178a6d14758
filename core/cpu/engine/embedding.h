// Rows of a table by their numbers.
#pragma once
#include <memory>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"

namespace sconce::engine {

// y[i] = table[index[i]]: aten.embedding. table is [count][y.c], contiguous; it is not copied, so it must live as long as the operator. Inputs
// [int64 indices, one for each pixel of y], outputs [y]. A run throws Error (invalid_argument) "index out of range in self" for an index
// outside 0..count - 1.
std::unique_ptr<Operator> make_embedding(const float* table, int64_t count, const Image& y);

}  // namespace sconce::engine
