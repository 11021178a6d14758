// Reductions over dimensions. Sums of floats are accumulated in f64 and rounded once; sums of integers in
// i64. A dtype that PyTorch's op of the same name refuses is refused with ErrorKind::unsupported.
#pragma once
#include <sconce/tensor.h>

#include <concepts>
#include <initializer_list>
#include <optional>
#include <vector>

namespace sconce {

// The dimensions to reduce, each possibly negative: one, several, or (empty) all of them, as None does in
// PyTorch.
class Dims {
 public:
  Dims() = default;
  template <std::integral T>
  Dims(T dim) : values_{static_cast<int64_t>(dim)} {}
  Dims(std::initializer_list<int64_t> dims) : values_(dims) {}
  Dims(std::vector<int64_t> dims) : values_(std::move(dims)) {}
  const std::vector<int64_t>& values() const { return values_; }

 private:
  std::vector<int64_t> values_;
};

struct ValuesIndices {
  Tensor values;
  Tensor indices;  // i64
};

// All of these throw PyTorch's "Dimension out of range (expected to be in range of [-2, 1], but got 2)" and
// "dim 0 appears multiple times in the list of dims". keepdim leaves an extent of 1 in place of each reduced
// dimension.

// Integers and booleans give i64. With a dtype, the elements are cast to it first.
Tensor sum(const Tensor& self, const Dims& dim = {}, bool keepdim = false, std::optional<DType> dtype = {});
// Of floating and complex tensors, or with such a dtype. NaN where nothing is averaged.
Tensor mean(const Tensor& self, const Dims& dim = {}, bool keepdim = false, std::optional<DType> dtype = {});
Tensor prod(const Tensor& self, const Dims& dim = {}, bool keepdim = false, std::optional<DType> dtype = {});
// Largest and smallest element; NaN wins. Throw ErrorKind::invalid_argument where there is no element.
Tensor amax(const Tensor& self, const Dims& dim = {}, bool keepdim = false);
Tensor amin(const Tensor& self, const Dims& dim = {}, bool keepdim = false);
Tensor max(const Tensor& self);
Tensor min(const Tensor& self);
// With the index of the first such element (of the first NaN where there is one).
ValuesIndices max(const Tensor& self, int64_t dim, bool keepdim = false);
ValuesIndices min(const Tensor& self, int64_t dim, bool keepdim = false);
// The elementwise maximum(), minimum().
Tensor max(const Tensor& self, const Tensor& other);
Tensor min(const Tensor& self, const Tensor& other);
// The index (i64) of the first largest element, along dim or in the flattened tensor.
Tensor argmax(const Tensor& self, std::optional<int64_t> dim = {}, bool keepdim = false);
Tensor argmin(const Tensor& self, std::optional<int64_t> dim = {}, bool keepdim = false);
// Truth of any, of all elements: boolean, and u8 for u8.
Tensor any(const Tensor& self, const Dims& dim = {}, bool keepdim = false);
Tensor all(const Tensor& self, const Dims& dim = {}, bool keepdim = false);
// Sum of squared distances from the mean, divided by max(0, count - correction); real for complex.
Tensor var(const Tensor& self, const Dims& dim = {}, double correction = 1, bool keepdim = false);
Tensor std(const Tensor& self, const Dims& dim = {}, double correction = 1, bool keepdim = false);
// log(sum(exp(self))), safe for large elements. Integers give f32.
Tensor logsumexp(const Tensor& self, const Dims& dim, bool keepdim = false);
// The vector norm of order `ord` (any number, also 0 and both infinities), as torch.linalg.vector_norm; real
// for complex.
Tensor vector_norm(const Tensor& self, double ord = 2, const Dims& dim = {}, bool keepdim = false);
// The same, as torch.norm calls it.
inline Tensor norm(const Tensor& self, double p = 2, const Dims& dim = {}, bool keepdim = false) {
  return vector_norm(self, p, dim, keepdim);
}
// Running sums and products along dim; the dtypes are those of sum and prod.
Tensor cumsum(const Tensor& self, int64_t dim, std::optional<DType> dtype = {});
Tensor cumprod(const Tensor& self, int64_t dim, std::optional<DType> dtype = {});

}  // namespace sconce
