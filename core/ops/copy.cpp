// Copies: the members of Tensor that may make new storage.
#include <sconce/backend.h>
#include <sconce/graph.h>
#include <sconce/ops/create.h>

#include "cpu/cast.h"
#include "ops/copy_elements.h"
#include "ops/view_shape.h"

namespace sconce {

// An accelerator's backend copies to and from the CPU, too.
void copy_elements(const Tensor& source, Tensor& target) {
  if (target.device() == meta) return;
  check(source.device() != meta, "[copy] a tensor on device meta has no data to copy");
  if (source.numel() > 0)
    backend_of(source.device() == cpu ? target.device() : source.device()).copy(source, target);
}

void check_castable(const char* op, DType from, DType to) {
  if (from == to) return;
  if (!is_numeric(from)) fail_dtype(op, from);
  if (!is_numeric(to)) fail_dtype(op, to);
}

Tensor Tensor::clone() const {
  check_defined("clone", *this);
  if (Recorder* r = Recorder::active())
    return r->record("aten.clone.default", {{"self", *this}, {"memory_format", {}}}, shape_, dtype_);
  Tensor out = empty(shape_, dtype_, device());
  copy_elements(*this, out);
  return out;
}

Tensor Tensor::contiguous() const {
  check_defined("contiguous", *this);
  return is_contiguous() ? *this : clone();
}

Tensor Tensor::to(DType dtype) const {
  check_defined("to", *this);
  if (dtype == dtype_) return *this;
  check_castable("to", dtype_, dtype);
  if (Recorder* r = Recorder::active())
    return r->record(
        "aten.to.dtype",
        {{"self", *this}, {"dtype", dtype}, {"non_blocking", false}, {"copy", false}, {"memory_format", {}}},
        shape_, dtype);
  Tensor out = empty(shape_, dtype, device());
  copy_elements(*this, out);
  return out;
}

Tensor Tensor::to(Device target) const {
  check_defined("to", *this);
  // What is being recorded has no place yet: the plan decides.
  if (target == device() || (device() == meta && Recorder::active())) return *this;
  Tensor out = empty(shape_, dtype_, target);
  copy_elements(*this, out);
  return out;
}

Tensor& Tensor::copy_(const Tensor& source) {
  check_defined("copy_", *this);
  check_defined("copy_", source);
  check_castable("copy_", source.dtype(), dtype_);
  const Shape both = broadcast(shape_, source.shape());
  check(both == shape_, "output with shape ", shape_, " doesn't match the broadcast shape ", both);
  for (size_t d = 0; d < strides_.size(); ++d)
    check(strides_[d] != 0 || shape_.extents()[d] <= 1 || numel_ == 0,
          "unsupported operation: more than one element of the written-to tensor refers to a single memory "
          "location. Please ",
          "clone() the tensor before performing the operation.");
  if (Recorder* r = Recorder::active())
    return *this =
               r->record("aten.copy_.default", {{"self", *this}, {"src", source}, {"non_blocking", false}},
                         shape_, dtype_, Aliasing::write);
  if (is_same_view(source)) return *this;
  // Elements that both name would be overwritten before they are read: take the source aside.
  const Tensor from = source.storage() == storage_ && device() != meta ? source.clone() : source;
  copy_elements(from.shape() == shape_ ? from : from.expand(shape_.extents()), *this);
  return *this;
}

Tensor Tensor::reshape(const std::vector<int64_t>& shape) const {
  check_defined("reshape", *this);
  const Shape wanted = infer_shape(shape, numel_);
  if (Recorder* r = Recorder::active())
    return r->record("aten.reshape.default", {{"self", *this}, {"shape", shape}}, wanted, dtype_,
                     Aliasing::view);
  if (const auto strides = view_strides(*this, wanted))
    return Tensor(storage_, dtype_, wanted, *strides, offset_);
  return clone().view(wanted.extents());
}

Tensor Tensor::flatten(int64_t start, int64_t end) const {
  check_defined("flatten", *this);
  start = shape_.wrap(start), end = shape_.wrap(end);
  check(start <= end, "flatten() has invalid args: start_dim cannot come after end_dim");
  std::vector<int64_t> extents;
  int64_t merged = 1;
  for (int64_t d = 0; d < dim(); ++d) {
    const int64_t n = size(d);
    if (d < start || d > end) {
      extents.push_back(n);
      continue;
    }
    check(checked_multiply(merged, n, merged), "[flatten] the extents of ", shape_, " do not fit 64 bits");
    if (d == end) extents.push_back(merged);
  }
  if (dim() == 0) extents = {1};
  if (Recorder* r = Recorder::active())
    return r->record("aten.flatten.using_ints", {{"self", *this}, {"start_dim", start}, {"end_dim", end}},
                     Shape(std::move(extents)), dtype_, Aliasing::view);
  return start == end && dim() > 0 ? *this : reshape(extents);
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
