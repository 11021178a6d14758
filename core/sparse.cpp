// Sparse tensors written out in full.
#include <sconce/sparse.h>

#include <cstring>

namespace sconce {
namespace {

// a += b in the type's own arithmetic; integers wrap, booleans become true.
template <class T>
void add(T& a, const T& b) {
  if constexpr (std::is_same_v<T, bool>)
    a = a || b;
  else if constexpr (std::is_integral_v<T>)
    a = static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  else if constexpr (std::is_same_v<T, Complex32>)
    a = Complex32(std::complex<float>(a) + std::complex<float>(b));
  else if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, std::complex<float>> ||
                     std::is_same_v<T, std::complex<double>>)
    a += b;
  else
    a = T(static_cast<float>(a) + static_cast<float>(b));
}

int64_t product(const std::vector<int64_t>& extents, size_t begin, size_t end) {
  int64_t n = 1;
  for (size_t d = begin; d < end; ++d) n *= extents[d];
  return n;
}

// Each stored run of `run` elements is added at its place, counted in runs.
template <class T>
void write_coo(const SparseTensor& s, const Tensor& values, T* to) {
  const Tensor indices = s.indices.to(DType::i64).contiguous();
  const auto* at = indices.data<int64_t>();
  const auto* from = static_cast<const T*>(values.data());
  const auto dims = static_cast<size_t>(indices.size(0));
  const int64_t nnz = s.nnz(), run = product(s.shape.extents(), dims, s.shape.extents().size());
  for (int64_t k = 0; k < nnz; ++k) {
    int64_t place = 0;
    for (size_t d = 0; d < dims; ++d)
      place = place * s.shape.extents()[d] + at[static_cast<int64_t>(d) * nnz + k];
    for (int64_t i = 0; i < run; ++i) add(to[place * run + i], from[k * run + i]);
  }
}

template <class T>
void write_compressed(const SparseTensor& s, const Tensor& values, T* to) {
  const Tensor compressed = s.compressed.to(DType::i64).contiguous(),
               plain = s.plain.to(DType::i64).contiguous();
  const auto* from = static_cast<const T*>(values.data());
  const auto& extents = s.shape.extents();
  const auto batch_dims = static_cast<size_t>(compressed.dim() - 1);
  const bool blocks = s.layout == Layout::sparse_bsr || s.layout == Layout::sparse_bsc;
  const bool by_rows = s.layout == Layout::sparse_csr || s.layout == Layout::sparse_bsr;
  const int64_t height = blocks ? values.size(static_cast<int64_t>(batch_dims) + 1) : 1,
                width = blocks ? values.size(static_cast<int64_t>(batch_dims) + 2) : 1;
  const int64_t batches = product(extents, 0, batch_dims), rows = extents[batch_dims],
                columns = extents[batch_dims + 1], run = product(extents, batch_dims + 2, extents.size());
  const int64_t lines = compressed.size(-1) - 1, nnz = s.nnz();
  for (int64_t b = 0; b < batches; ++b) {
    const int64_t* starts = compressed.data<int64_t>() + b * (lines + 1);
    const int64_t* places = plain.data<int64_t>() + b * nnz;
    for (int64_t line = 0; line < lines; ++line)
      for (int64_t k = starts[line]; k < starts[line + 1]; ++k) {
        const int64_t top = (by_rows ? line : places[k]) * height,
                      left = (by_rows ? places[k] : line) * width;
        const T* block = from + (b * nnz + k) * height * width * run;
        for (int64_t r = 0; r < height; ++r) {
          T* target = to + ((b * rows + top + r) * columns + left) * run;
          for (int64_t i = 0; i < width * run; ++i)
            add(target[i], block[r * width * run + i]);  // -0 becomes 0
        }
      }
  }
}

}  // namespace

const char* name_of(Layout layout) {
  switch (layout) {
    case Layout::sparse_coo: return "sparse_coo";
    case Layout::sparse_csr: return "sparse_csr";
    case Layout::sparse_csc: return "sparse_csc";
    case Layout::sparse_bsr: return "sparse_bsr";
    case Layout::sparse_bsc: return "sparse_bsc";
  }
  return "?";
}

int64_t SparseTensor::nnz() const { return layout == Layout::sparse_coo ? indices.size(1) : plain.size(-1); }

Tensor SparseTensor::to_dense(uint64_t max_bytes) const {
  validate();
  int64_t nbytes = 0;
  if (!checked_multiply(shape.numel(), static_cast<int64_t>(size_of(dtype())), nbytes) ||
      static_cast<uint64_t>(nbytes) > max_bytes || static_cast<uint64_t>(values.nbytes()) > max_bytes)
    fail(ErrorKind::out_of_budget, "[to_dense] a tensor of shape ", shape, " and dtype ", name_of(dtype()),
         " passes the limit of ", max_bytes, " bytes");
  const Tensor out(Storage::allocate(static_cast<size_t>(nbytes)), dtype(), shape);
  if (nbytes == 0) return out;
  std::memset(out.storage().data(), 0, static_cast<size_t>(nbytes));
  const Tensor dense_values = values.contiguous();
  with_type("to_dense", dtype(), [&]<class T>() {
    auto* to = static_cast<T*>(out.storage().data());
    if (nnz() == 0) return;
    if (layout == Layout::sparse_coo)
      write_coo<T>(*this, dense_values, to);
    else
      write_compressed<T>(*this, dense_values, to);
  });
  return out;
}

}  // namespace sconce
