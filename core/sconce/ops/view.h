// Views as free functions: other shapes, strides and offsets on the same storage. The members of Tensor do
// the work where they exist; semantics are those of the torch functions of the same names.
#pragma once
#include <sconce/tensor.h>

#include <vector>

namespace sconce {

inline Tensor reshape(const Tensor& x, const std::vector<int64_t>& shape) { return x.reshape(shape); }
inline Tensor flatten(const Tensor& x, int64_t start = 0, int64_t end = -1) { return x.flatten(start, end); }
inline Tensor permute(const Tensor& x, const std::vector<int64_t>& dims) { return x.permute(dims); }
inline Tensor transpose(const Tensor& x, int64_t a, int64_t b) { return x.transpose(a, b); }
inline Tensor squeeze(const Tensor& x, int64_t d) { return x.squeeze(d); }
inline Tensor unsqueeze(const Tensor& x, int64_t d) { return x.unsqueeze(d); }
inline Tensor select(const Tensor& x, int64_t d, int64_t index) { return x.select(d, index); }
inline Tensor broadcast_to(const Tensor& x, const std::vector<int64_t>& shape) { return x.expand(shape); }

// Drops every dimension of extent 1.
Tensor squeeze(const Tensor& x);
// Splits dimension d into `sizes`, one of which may be -1; their product must be its extent.
Tensor unflatten(const Tensor& x, int64_t d, const std::vector<int64_t>& sizes);
// Moves the dimensions `from` to the places `to`; the others keep their order.
Tensor movedim(const Tensor& x, const std::vector<int64_t>& from, const std::vector<int64_t>& to);
inline Tensor movedim(const Tensor& x, int64_t from, int64_t to) {
  return movedim(x, std::vector<int64_t>{from}, std::vector<int64_t>{to});
}
// Elements start .. start + length - 1 of dimension d; start may count from the end.
Tensor narrow(const Tensor& x, int64_t d, int64_t start, int64_t length);
// Any view of x's storage, strides and offset in elements. Throws ErrorKind::invalid_argument where it would
// leave the storage.
Tensor as_strided(const Tensor& x, const std::vector<int64_t>& size, const Strides& stride,
                  int64_t storage_offset = 0);
// At most `chunks` parts of equal extent along d, the last one smaller where it does not divide.
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t d = 0);
// Parts of extent `size` along d, the last one smaller where it does not divide.
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t d = 0);
// Parts of these extents, whose sum must be the extent of d.
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t d = 0);
// x[0], x[1], ... along d.
std::vector<Tensor> unbind(const Tensor& x, int64_t d = 0);

}  // namespace sconce
