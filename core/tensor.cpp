#include <sconce/tensor.h>

#include <utility>

namespace sconce {
namespace {

// Elements that the view needs in its storage: 1 + the largest index, or 0 without elements.
int64_t extent_needed(const Shape& shape, const Strides& strides, int64_t offset) {
  int64_t last = offset;
  for (int64_t d = 0; d < shape.dim(); ++d) {
    if (shape[d] == 0) return 0;
    int64_t reach = 0;
    check(checked_multiply(shape[d] - 1, strides[static_cast<size_t>(d)], reach) &&
              checked_add(last, reach, last),
          "[Tensor] the view of shape ", shape, " reaches past 64 bits");
  }
  check(checked_add(last, 1, last), "[Tensor] the view of shape ", shape, " reaches past 64 bits");
  return last;
}

}  // namespace

Tensor::Tensor(Storage storage, DType dtype, Shape shape, Strides strides, int64_t offset)
    : storage_(std::move(storage)),
      dtype_(dtype),
      shape_(std::move(shape)),
      strides_(std::move(strides)),
      offset_(offset) {
  check(static_cast<int64_t>(strides_.size()) == shape_.dim(), "[Tensor] expected ", shape_.dim(),
        " strides for shape ", shape_, ", got ", strides_.size());
  check(offset_ >= 0, "[Tensor] expected a storage offset of at least 0, got ", offset_);
  for (int64_t s : strides_) check(s >= 0, "[Tensor] expected strides of at least 0, got ", s);
  numel_ = shape_.numel();
  if (storage_.device() == meta) return;
  const int64_t available = static_cast<int64_t>(storage_.nbytes() / size_of(dtype_));
  const int64_t needed = extent_needed(shape_, strides_, offset_);
  check(needed <= available, "[Tensor] the view of shape ", shape_, " needs ", needed, " elements of ",
        name_of(dtype_), ", the storage has ", available);
}

Tensor::Tensor(Storage storage, DType dtype, const Shape& shape)
    : Tensor(std::move(storage), dtype, shape, shape.contiguous_strides()) {}

bool Tensor::is_contiguous() const {
  if (numel_ == 0) return true;
  int64_t step = 1;
  for (size_t d = strides_.size(); d-- > 0;) {
    const int64_t n = shape_.extents()[d];
    if (n == 1) continue;
    if (strides_[d] != step) return false;
    step *= n;
  }
  return true;
}

bool Tensor::is_same_view(const Tensor& other) const {
  return storage_ == other.storage_ && dtype_ == other.dtype_ && offset_ == other.offset_ &&
         shape_ == other.shape_ && strides_ == other.strides_;
}

void* Tensor::address() const {
  check(defined(), "[Tensor] an undefined tensor has no data");
  auto* base = static_cast<std::byte*>(storage_.data());
  return base ? base + offset_ * static_cast<int64_t>(size_of(dtype_)) : nullptr;
}

void Tensor::expect(DType dtype) const {
  check(dtype == dtype_, "[Tensor] expected data of ", name_of(dtype), ", the tensor has ", name_of(dtype_));
  check(!device().is_gpu(), "[Tensor] expected data on the CPU, the tensor is on ", device().str(),
        "; call to(cpu) first");
}

}  // namespace sconce
