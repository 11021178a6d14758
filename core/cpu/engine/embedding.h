// Rows of tables by their numbers.
#pragma once
#include <memory>
#include <vector>

#include "cpu/engine/elementwise.h"

namespace sconce::engine {

// Not copied: the rows must live as long as the operator.
struct EmbeddingTable {
  const float* rows = nullptr;  // [count][y.c], contiguous
  int64_t count = 0;
};

// y[i] = sum over tables t of t.rows[indices_t[i]], and an activation `added` if given: aten.embedding, and the sums of several with which
// GPT-2 and BERT begin. Inputs [int64 indices of the first table, one for each pixel of y, of the second, ..., added or null], outputs [y].
// A run throws Error (invalid_argument) "index out of range in self" for an index outside 0..count - 1.
std::unique_ptr<Operator> make_embedding(const std::vector<EmbeddingTable>& tables, const Spread* added,
                                         const Image& y, const isa::Kernels& kernels);

}  // namespace sconce::engine
