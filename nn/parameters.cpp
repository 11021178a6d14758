#include "parameters.h"

#include <sconce/ops/create.h>

#include <cstdlib>

namespace sconce::nn {
namespace {

// Fresh pages are zero already: calloc knows, so large zeros are not written twice.
std::shared_ptr<void> zeroed(size_t nbytes) {
  constexpr size_t alignment = 64;
  void* block = std::calloc(nbytes + alignment, 1);
  if (!block)
    fail(ErrorKind::out_of_budget, "[Module] expected ", nbytes,
         " bytes for a parameter, the system refuses them");
  std::shared_ptr<void> keeper(block, std::free);
  void* aligned = block;
  size_t space = nbytes + alignment;
  return {std::move(keeper), std::align(alignment, nbytes, aligned, space)};
}

size_t bytes_of(const Shape& shape, DType dtype) {
  int64_t nbytes = 0;
  check(checked_multiply(shape.numel(), static_cast<int64_t>(size_of(dtype)), nbytes),
        "[Module] the bytes of a parameter of shape ", shape, " do not fit 64 bits");
  return static_cast<size_t>(nbytes);
}

}  // namespace

Tensor zero_parameter(const Shape& shape, DType dtype) {
  const size_t nbytes = bytes_of(shape, dtype);
  return Tensor(Storage::deferred(nbytes, [nbytes] { return zeroed(nbytes); }), dtype, shape);
}

Tensor one_parameter(const Shape& shape, DType dtype) {
  const size_t nbytes = bytes_of(shape, dtype);
  const auto load = [=] {
    std::shared_ptr<void> bytes = zeroed(nbytes);
    with_floating_type("Module", dtype, [&]<class T>() {
      for (size_t i = 0; i < nbytes / sizeof(T); ++i) static_cast<T*>(bytes.get())[i] = T(1.0f);
    });
    return bytes;
  };
  return Tensor(Storage::deferred(nbytes, load), dtype, shape);
}

}  // namespace sconce::nn
