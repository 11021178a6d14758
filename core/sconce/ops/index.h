// Joining, selecting and looking up.
#pragma once
#include <sconce/tensor.h>

#include <vector>

namespace sconce {

// Tensors of equal shape but for dimension d, one after the other, in their common dtype; as torch.cat, which
// also passes over tensors of shape [0].
Tensor cat(const std::vector<Tensor>& tensors, int64_t d = 0);
// Tensors of equal shape along a new dimension d, as torch.stack.
Tensor stack(const std::vector<Tensor>& tensors, int64_t d = 0);

// Elements of `self` where `condition` (boolean or u8) is true, else of `other`; all three broadcast, the
// result has the common dtype of the two. As torch.where.
Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other);
Tensor where(const Tensor& condition, const Tensor& self, const Scalar& other);
Tensor where(const Tensor& condition, const Scalar& self, const Tensor& other);
// self with `value`, cast to its dtype, where the boolean mask is true.
Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value);
// The elements where the boolean mask (it broadcasts) is true, as one dimension. Cannot be recorded: its size
// is data.
Tensor masked_select(const Tensor& self, const Tensor& mask);

// The rows self[..., index[i], ...] along d; index is i64 or i32, of one dimension (or a scalar). Throws
// ErrorKind::invalid_argument on an index outside the dimension; negative ones are outside.
Tensor index_select(const Tensor& self, int64_t d, const Tensor& index);
// out[i][j] = self[index[i][j]][j] for d = 0, and so on; index is i64 or i32. As torch.gather.
Tensor gather(const Tensor& self, int64_t d, const Tensor& index);
// self[index] with an integer index of any shape on dimension 0; negative indices count from the end. A
// boolean or u8 index of self's leading shape selects where it is true, as in PyTorch; that cannot be
// recorded.
Tensor index(const Tensor& self, const Tensor& index);

// self with source[..., i, ...] in place of the elements at index[i] along d; index is i64 of one dimension, source has
// self's dtype and shape but for dimension d, whose extent is the index'. As torch.index_copy; of equal indices the last
// one counts. Throws PyTorch's words (ErrorKind::invalid_argument) on what does not fit.
Tensor index_copy(const Tensor& self, int64_t d, const Tensor& index, const Tensor& source);

// The rows weight[indices], as torch.nn.functional.embedding: weight [rows, columns], indices i64 or i32 of any shape ->
// [..., columns]. padding_idx names a row only for training. Throws ErrorKind::invalid_argument, PyTorch's "index out
// of range in self", on an index outside of the rows.
Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx = -1);

// A new last dimension with 1 at the class that the i64 index names; num_classes -1 stands for the largest
// + 1. As torch.nn.functional.one_hot. With -1 it cannot be recorded.
Tensor one_hot(const Tensor& index, int64_t num_classes = -1);

}  // namespace sconce
