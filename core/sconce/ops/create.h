// New tensors.
#pragma once
#include <sconce/tensor.h>

#include <initializer_list>
#include <optional>
#include <vector>

namespace sconce {

// Uninitialised. Throws ErrorKind::invalid_argument on a shape whose bytes do not fit 64 bits.
Tensor empty(const Shape& shape, DType dtype = DType::f32, Device device = cpu);
Tensor zeros(const Shape& shape, DType dtype = DType::f32, Device device = cpu);
Tensor ones(const Shape& shape, DType dtype = DType::f32, Device device = cpu);
// Every element `value`, cast to dtype. Throws PyTorch's "value cannot be converted to type uint8_t without
// overflow".
Tensor full(const Shape& shape, Scalar value, DType dtype = DType::f32, Device device = cpu);
// Of the model's shape, device and, unless given, dtype; contiguous.
Tensor empty_like(const Tensor& model, std::optional<DType> dtype = {});
Tensor zeros_like(const Tensor& model, std::optional<DType> dtype = {});
Tensor ones_like(const Tensor& model, std::optional<DType> dtype = {});
Tensor full_like(const Tensor& model, Scalar value, std::optional<DType> dtype = {});
// 1 on the diagonal, 0 elsewhere.
Tensor eye(int64_t rows, int64_t columns, DType dtype = DType::f32);
inline Tensor eye(int64_t n) { return eye(n, n); }
// `steps` values at equal distances from start to end, both included. f32 or f64.
Tensor linspace(double start, double end, int64_t steps, DType dtype = DType::f32);
// start, start+step, ... below end (above, for a negative step). The dtype is i64 when all three are
// integers, else f32.
Tensor arange(Scalar start, Scalar end, Scalar step = 1);
inline Tensor arange(Scalar end) { return arange(0, end); }
// One-dimensional, of the element type's dtype: tensor<float>({1, 2, 3}); with a shape, row-major.
template <class T>
Tensor tensor(std::initializer_list<T> values);
template <class T>
Tensor tensor(const std::vector<T>& values, const Shape& shape);
// A 0-dim tensor, as torch.tensor(2.5).
Tensor scalar_tensor(Scalar value, DType dtype);
// A view of memory that the caller keeps alive, as torch.from_blob.
Tensor from_blob(void* data, const Shape& shape, DType dtype);

// ---- implementation ----

template <class T>
Tensor tensor(const std::vector<T>& values, const Shape& shape) {
  check(shape.numel() == static_cast<int64_t>(values.size()), "[tensor] expected ", shape.numel(),
        " values for shape ", shape, ", got ", values.size());
  Tensor out = empty(shape, dtype_of<T>);
  T* to = out.mutable_data<T>();
  for (size_t i = 0; i < values.size(); ++i) to[i] = values[i];
  return out;
}

template <class T>
Tensor tensor(std::initializer_list<T> values) {
  return tensor(std::vector<T>(values), Shape{static_cast<int64_t>(values.size())});
}

}  // namespace sconce
