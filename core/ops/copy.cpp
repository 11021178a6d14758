// Copies: the members of Tensor that may make new storage.
#include <sconce/backend.h>
#include <sconce/graph.h>
#include <sconce/ops/create.h>

#include "cpu/cast.h"
#include "ops/view_shape.h"

namespace sconce {
namespace {

// The backend that can copy between two devices: an accelerator copies to and from the CPU, too.
void run_copy(const Tensor& source, Tensor& target) {
  if (source.device() == meta || target.device() == meta) {
    check(target.device() == meta, "[copy] a tensor on device meta has no data to copy");
    return;
  }
  if (source.numel() == 0) return;
  backend_of(source.device() == cpu ? target.device() : source.device()).copy(source, target);
}

void check_castable(const char* op, DType from, DType to) {
  if (from == to) return;
  if (!is_numeric(from)) fail_dtype(op, from);
  if (!is_numeric(to)) fail_dtype(op, to);
}

void check_defined(const char* op, const Tensor& tensor) {
  check(tensor.defined(), "[", op, "] expected a tensor, got an undefined one");
}

}  // namespace

Tensor Tensor::clone() const {
  check_defined("clone", *this);
  Tensor out = empty(shape_, dtype_, device());
  run_copy(*this, out);
  return out;
}

Tensor Tensor::contiguous() const { return is_contiguous() ? *this : clone(); }

Tensor Tensor::to(DType dtype) const {
  check_defined("to", *this);
  if (dtype == dtype_) return *this;
  check_castable("to", dtype_, dtype);
  Tensor out = empty(shape_, dtype, device());
  run_copy(*this, out);
  return out;
}

Tensor Tensor::to(Device target) const {
  check_defined("to", *this);
  if (target == device()) return *this;
  Tensor out = empty(shape_, dtype_, target);
  run_copy(*this, out);
  return out;
}

Tensor& Tensor::copy_(const Tensor& source) {
  check_defined("copy_", *this);
  check_defined("copy_", source);
  check_castable("copy_", source.dtype(), dtype_);
  if (is_same_view(source)) return *this;
  const Tensor wide = source.shape() == shape_ ? source : source.expand(shape_.extents());
  run_copy(wide, *this);
  return *this;
}

Tensor Tensor::reshape(const std::vector<int64_t>& shape) const {
  check_defined("reshape", *this);
  const Shape wanted = infer_shape(shape, numel_);
  if (const auto strides = view_strides(*this, wanted))
    return Tensor(storage_, dtype_, wanted, *strides, offset_);
  return clone().view(wanted.extents());
}

Tensor Tensor::flatten(int64_t start, int64_t end) const {
  check_defined("flatten", *this);
  start = shape_.wrap(start), end = shape_.wrap(end);
  check(start <= end, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (dim() == 0) return reshape({1});
  std::vector<int64_t> extents;
  int64_t merged = 1;
  for (int64_t d = 0; d < dim(); ++d) {
    if (d < start || d > end)
      extents.push_back(size(d));
    else if (merged *= size(d); d == end)
      extents.push_back(merged);
  }
  return reshape(extents);
}

Scalar Tensor::item_scalar() const {
  check_defined("item", *this);
  check(numel_ == 1, "a Tensor with ", numel_, " elements cannot be converted to Scalar");
  check(device() != meta, "[item] a tensor on device meta, or one that is being recorded, has no value yet");
  const Tensor here = to(cpu);
  return with_type("item", dtype_, [&]<class T>() -> Scalar {
    const auto value = widened(*static_cast<const T*>(here.data()));
    if constexpr (is_complex_type<T>)
      return std::complex<double>(value);
    else
      return value;
  });
}

}  // namespace sconce
