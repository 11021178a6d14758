// The tensor: a strided view of a storage.
#pragma once
#include <sconce/device.h>
#include <sconce/dtype.h>
#include <sconce/error.h>
#include <sconce/scalar.h>
#include <sconce/shape.h>
#include <sconce/storage.h>

#include <iosfwd>
#include <vector>

namespace sconce {

// A value that shares: copying a Tensor makes a second handle on the same bytes, as in PyTorch; clone() copies them.
// Everything that computes is a free function in <sconce/ops.h>; the members here are what one says to a tensor itself.
class Tensor {
 public:
  // Undefined: no dtype, no shape, no data. Stands for Python's None where an argument is optional.
  Tensor() = default;
  // A strided view: element (i, j, ...) lies `offset + i*strides[0] + j*strides[1] + ...` elements into the storage.
  // Throws ErrorKind::invalid_argument when rank and strides differ, a stride or the offset is negative,
  // or an element would lie outside the storage.
  Tensor(Storage storage, DType dtype, Shape shape, Strides strides, int64_t offset = 0);
  // A contiguous view of the storage's beginning.
  Tensor(Storage storage, DType dtype, const Shape& shape);

  bool defined() const { return storage_.defined(); }
  explicit operator bool() const { return defined(); }
  DType dtype() const { return dtype_; }
  Device device() const { return storage_.device(); }
  const Storage& storage() const { return storage_; }
  const Shape& shape() const { return shape_; }
  const Strides& strides() const { return strides_; }
  int64_t storage_offset() const { return offset_; }  // in elements
  int64_t dim() const { return shape_.dim(); }
  int64_t size(int64_t d) const { return shape_[d]; }
  int64_t stride(int64_t d) const { return strides_[static_cast<size_t>(shape_.wrap(d))]; }
  int64_t numel() const { return numel_; }
  // Bytes of its elements: numel() * size_of(dtype()), whatever the storage holds beside them.
  int64_t nbytes() const { return numel_ * static_cast<int64_t>(size_of(dtype_)); }
  // Row-major without gaps; extents of 1 do not count, as Tensor.is_contiguous().
  bool is_contiguous() const;
  // Same storage, dtype, offset, shape and strides: two names of one tensor.
  bool is_same_view(const Tensor& other) const;

  // First element, in the memory of its device. Throws like Storage::data().
  const void* data() const { return address(); }
  void* mutable_data() { return address(); }
  // The same, typed, for a tensor on the CPU. Throws ErrorKind::invalid_argument when T is not the dtype's type or the bytes are a GPU's.
  template <class T>
  const T* data() const {
    return expect(dtype_of<T>), static_cast<const T*>(address());
  }
  template <class T>
  T* mutable_data() {
    return expect(dtype_of<T>), static_cast<T*>(address());
  }

  // The only element, cast to T. Throws ErrorKind::invalid_argument unless numel() == 1, and, on a tensor that is being
  // recorded (<sconce/graph.h>), because it has no value yet.
  template <class T = double>
  T item() const;
  Scalar item_scalar() const;

  // --- views: same storage, nothing copied (definitions in ops/view.cpp, semantics of the torch.Tensor methods) ---
  // One extent may be -1. view() throws where a copy would be needed; reshape(), below, then copies.
  Tensor view(const std::vector<int64_t>& shape) const;
  Tensor permute(const std::vector<int64_t>& dims) const;
  Tensor transpose(int64_t a, int64_t b) const;
  Tensor t() const;
  Tensor expand(const std::vector<int64_t>& shape) const;  // -1 keeps an extent
  Tensor squeeze(int64_t d) const;
  Tensor unsqueeze(int64_t d) const;
  Tensor select(int64_t d, int64_t index) const;
  Tensor slice(int64_t d, int64_t start, int64_t end, int64_t step = 1) const;
  Tensor operator[](int64_t index) const { return select(0, index); }

  // --- copies (definitions in ops/copy.cpp) ---
  Tensor clone() const;          // contiguous, own storage
  Tensor contiguous() const;     // itself when it is contiguous already, else clone()
  Tensor to(DType dtype) const;  // itself when nothing changes; PyTorch's rounding and saturation
  Tensor to(Device device) const;
  Tensor reshape(const std::vector<int64_t>& shape) const;  // a view when possible, else a copy
  Tensor flatten(int64_t start = 0, int64_t end = -1) const;
  // Overwrites the elements with those of `source`, which broadcasts and casts, as Tensor.copy_(). Returns *this.
  Tensor& copy_(const Tensor& source);

 private:
  void* address() const;
  void expect(DType dtype) const;

  Storage storage_;
  DType dtype_ = DType::f32;
  Shape shape_;
  Strides strides_;
  int64_t offset_ = 0;
  int64_t numel_ = 0;
};

// PyTorch's print of a tensor: tensor([[1., 2.], [3., 4.]]), with its precision, summaries and dtype suffix.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

template <class T>
T Tensor::item() const {
  const Scalar s = item_scalar();
  if constexpr (std::is_same_v<T, std::complex<double>>)
    return s.to_complex();
  else if constexpr (std::is_same_v<T, bool>)
    return s.to_bool();
  else if constexpr (std::is_integral_v<T>)
    return static_cast<T>(s.to_int64());
  else
    return static_cast<T>(s.to_double());
}

}  // namespace sconce
