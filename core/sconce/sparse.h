// Tensors that store only some of their elements, as PyTorch's sparse tensors.
#pragma once
#include <sconce/tensor.h>

namespace sconce {

// As torch.layout.
enum class Layout : uint8_t {
  sparse_coo,  // coordinates
  sparse_csr,  // compressed rows
  sparse_csc,  // compressed columns
  sparse_bsr,  // compressed rows of blocks
  sparse_bsc,  // compressed columns of blocks
};

// "sparse_coo", PyTorch's name without "torch.".
const char* name_of(Layout layout);

// The elements that are there, and where they belong. A value; the tensors inside share their bytes.
struct SparseTensor {
  Layout layout = Layout::sparse_coo;
  // sparse_coo: [sparse dimensions, nnz], integers. Undefined otherwise.
  Tensor indices;
  // The others: crow_indices [*batch, rows + 1] and col_indices [*batch, nnz] (sparse_csc and sparse_bsc: ccol_indices and
  // row_indices; sparse_bsr and sparse_bsc: of blocks), both i32 or both i64. Undefined for sparse_coo.
  Tensor compressed, plain;
  // sparse_coo: [nnz, *dense]. Compressed: [*batch, nnz, *block, *dense], with a block of two extents for the block layouts.
  Tensor values;
  Shape shape;                // [*sparse, *dense], or [*batch, rows, columns, *dense]
  bool is_coalesced = false;  // sparse_coo: sorted, and no place named twice

  DType dtype() const { return values.dtype(); }
  int64_t nnz() const;  // elements, or blocks, that are there (in each batch)

  // Holds shapes and dtypes against each other, without reading a byte. Throws ErrorKind::corrupt.
  void validate_shapes() const;
  // The same and, from the bytes, that every index lies inside the shape, that compressed indices begin at 0, never fall and
  // end at nnz, that plain ones rise in each row, and that what claims to be coalesced is sorted without repetition: what
  // torch.sparse.check_sparse_tensor_invariants checks. Throws ErrorKind::corrupt, and what reading throws.
  void validate() const;
  // All elements, contiguous; elements named twice are added up. Equal to torch.Tensor.to_dense. Throws what validate()
  // throws, ErrorKind::out_of_budget when the result would take more than `max_bytes`, and ErrorKind::unsupported for dtypes
  // that do not add (quantized and bits types).
  Tensor to_dense(uint64_t max_bytes = uint64_t{1} << 36) const;
};

}  // namespace sconce
