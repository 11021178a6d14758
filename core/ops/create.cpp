#include <sconce/ops/create.h>

namespace sconce {

Tensor empty(const Shape& shape, DType dtype, Device device) {
  int64_t nbytes = 0;
  check(checked_multiply(shape.numel(), static_cast<int64_t>(size_of(dtype)), nbytes), "[empty] the bytes of shape ", shape,
        " do not fit 64 bits");
  return Tensor(Storage::allocate(static_cast<size_t>(nbytes), device), dtype, shape);
}

}  // namespace sconce
