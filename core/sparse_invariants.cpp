// What a sparse tensor's parts must satisfy, as torch.sparse.check_sparse_tensor_invariants has it.
#include <sconce/sparse.h>

namespace sconce {
namespace {

template <class... Parts>
void expect(bool ok, const Parts&... parts) {
  if (!ok) fail(ErrorKind::corrupt, "a sparse tensor with ", parts...);
}

// An index that several elements share would let a few bytes stand for any number of them.
void expect_stored(const Tensor& t, const char* what) {
  expect(t.device() != cpu || t.nbytes() <= static_cast<int64_t>(t.storage().nbytes()), what, " of shape ",
         t.shape(), " that repeat themselves");
}

bool is_index(const Tensor& t) { return t.dtype() == DType::i64 || t.dtype() == DType::i32; }

struct Compression {
  const char *compressed, *plain, *lines;
  bool by_rows, blocks;
};

Compression names_of(Layout layout) {
  switch (layout) {
    case Layout::sparse_csr: return {"crow_indices", "col_indices", "rows", true, false};
    case Layout::sparse_csc: return {"ccol_indices", "row_indices", "columns", false, false};
    case Layout::sparse_bsr: return {"crow_indices", "col_indices", "rows of blocks", true, true};
    default: return {"ccol_indices", "row_indices", "columns of blocks", false, true};
  }
}

void coo_shapes(const SparseTensor& s) {
  expect(s.indices.defined() && s.values.defined(), "parts missing");
  expect(is_integral(s.indices.dtype()), "indices of dtype ", name_of(s.indices.dtype()));
  expect_stored(s.indices, "indices");
  expect(s.indices.dim() == 2, "indices of shape ", s.indices.shape(), "; they must be sparse_dim x nnz");
  expect(s.values.dim() >= 1, "values of shape ", s.values.shape());
  const int64_t sparse = s.indices.size(0), nnz = s.indices.size(1);
  expect(s.values.size(0) == nnz, "nnz ", nnz, " from its indices, and ", s.values.size(0),
         " from its values");
  expect(s.shape.dim() == sparse + s.values.dim() - 1, "shape ", s.shape, ", ", sparse,
         " sparse dimensions and values of shape ", s.values.shape());
  for (int64_t d = 1; d < s.values.dim(); ++d)
    expect(s.values.size(d) == s.shape[sparse + d - 1], "shape ", s.shape, " and values of shape ",
           s.values.shape());
}

void compressed_shapes(const SparseTensor& s) {
  const Compression names = names_of(s.layout);
  expect(s.compressed.defined() && s.plain.defined() && s.values.defined(), "parts missing");
  expect(is_index(s.compressed) && s.plain.dtype() == s.compressed.dtype(), names.compressed, " of dtype ",
         name_of(s.compressed.dtype()), " and ", names.plain, " of dtype ", name_of(s.plain.dtype()));
  expect_stored(s.compressed, names.compressed);
  expect_stored(s.plain, names.plain);
  expect(s.compressed.dim() >= 1 && s.plain.dim() == s.compressed.dim(), names.compressed, " of shape ",
         s.compressed.shape(), " and ", names.plain, " of shape ", s.plain.shape());
  const int64_t batch = s.compressed.dim() - 1, block = names.blocks ? 2 : 0;
  expect(s.values.dim() >= batch + 1 + block && s.shape.dim() == s.values.dim() - block + 1, "shape ",
         s.shape, ", ", batch, " batch dimensions and values of shape ", s.values.shape());
  for (int64_t d = 0; d < batch; ++d)
    expect(
        s.compressed.size(d) == s.shape[d] && s.plain.size(d) == s.shape[d] && s.values.size(d) == s.shape[d],
        "shape ", s.shape, " and other extents in dimension ", d);
  expect(s.plain.size(batch) == s.values.size(batch), "nnz ", s.plain.size(batch), " from its ", names.plain,
         ", and ", s.values.size(batch), " from its values");
  for (int64_t d = batch + 1 + block; d < s.values.dim(); ++d)
    expect(s.values.size(d) == s.shape[d - block + 1], "shape ", s.shape, " and values of shape ",
           s.values.shape());
  const int64_t height = names.blocks ? s.values.size(batch + 1) : 1,
                width = names.blocks ? s.values.size(batch + 2) : 1;
  expect(height > 0 && width > 0 && s.shape[batch] % height == 0 && s.shape[batch + 1] % width == 0, "shape ",
         s.shape, " in blocks of [", height, ", ", width, "]");
  const int64_t lines = names.by_rows ? s.shape[batch] / height : s.shape[batch + 1] / width;
  expect(s.compressed.size(batch) == lines + 1, lines, " ", names.lines, " and ", names.compressed,
         " of shape ", s.compressed.shape());
}

void coo_indices(const SparseTensor& s) {
  const Tensor indices = s.indices.to(DType::i64).contiguous();
  const auto* at = indices.data<int64_t>();
  const int64_t dims = indices.size(0), nnz = indices.size(1);
  for (int64_t d = 0; d < dims; ++d)
    for (int64_t k = 0; k < nnz; ++k)
      expect(at[d * nnz + k] >= 0 && at[d * nnz + k] < s.shape[d], "index ", at[d * nnz + k],
             " in dimension ", d, " of extent ", s.shape[d]);
  if (!s.is_coalesced) return;
  for (int64_t k = 1; k < nnz; ++k) {
    int64_t order = 0;
    for (int64_t d = 0; d < dims && order == 0; ++d) order = at[d * nnz + k] - at[d * nnz + k - 1];
    expect(order > 0, "indices that claim to be coalesced, and are not sorted without repetition at ", k);
  }
}

void compressed_indices(const SparseTensor& s) {
  const Compression names = names_of(s.layout);
  const Tensor compressed = s.compressed.to(DType::i64).contiguous(),
               plain = s.plain.to(DType::i64).contiguous();
  const int64_t batch = compressed.dim() - 1, lines = compressed.size(-1) - 1, nnz = plain.size(-1);
  const int64_t height = names.blocks ? s.values.size(batch + 1) : 1,
                width = names.blocks ? s.values.size(batch + 2) : 1;
  const int64_t length = names.by_rows ? s.shape[batch + 1] / width : s.shape[batch] / height;
  if (compressed.numel() == 0) return;
  int64_t batches = 1;
  for (int64_t d = 0; d < batch; ++d) batches *= s.shape[d];
  for (int64_t b = 0; b < batches; ++b) {
    const int64_t* start = compressed.data<int64_t>() + b * (lines + 1);
    const int64_t* place = plain.data<int64_t>() + b * nnz;
    expect(start[0] == 0, names.compressed, " that begin at ", start[0], ", not at 0");
    expect(start[lines] == nnz, names.compressed, " that end at ", start[lines], ", not at nnz ", nnz);
    for (int64_t line = 0; line < lines; ++line) {
      // Both ends are checked before they are used: nothing between 0 and nnz overflows.
      expect(start[line + 1] >= start[line] && start[line + 1] <= nnz, names.compressed, " that go from ",
             start[line], " to ", start[line + 1]);
      for (int64_t k = start[line]; k < start[line + 1]; ++k) {
        expect(place[k] >= 0 && place[k] < length, names.plain, " of ", place[k], " in an extent of ",
               length);
        expect(k == start[line] || place[k] > place[k - 1], names.plain, " that do not rise from ",
               k == start[line] ? 0 : place[k - 1], " to ", place[k]);
      }
    }
  }
}

}  // namespace

void SparseTensor::validate_shapes() const {
  layout == Layout::sparse_coo ? coo_shapes(*this) : compressed_shapes(*this);
}

void SparseTensor::validate() const {
  validate_shapes();
  layout == Layout::sparse_coo ? coo_indices(*this) : compressed_indices(*this);
}

}  // namespace sconce
