#include <sconce/backend.h>
#include <sconce/ops/create.h>
#include <sconce/ops/softmax.h>

#include "ops/dtype_set.h"
#include "ops/strips.h"

namespace sconce {
namespace {

Tensor run_softmax(const char* name, bool logarithm, const Tensor& self, int64_t dim,
                   std::optional<DType> dtype) {
  check_tensors(name, {&self});
  const DType result = dtype.value_or(self.dtype());
  check_dtype(name, result, dtypes::floats);
  check_dtype(name, self.dtype(), dtypes::numeric);
  const std::vector<int64_t> dims = resolve_dims(self.shape(), dim);
  if (Recorder* r = Recorder::active())
    return r->record(concat("aten.", name, ".int"),
                     {{"self", self}, {"dim", dim}, {"dtype", recorded(dtype)}}, self.shape(), result);
  Tensor out = empty(self.shape(), result, self.device());
  if (out.numel() == 0) return out;
  const Laid laid = lay_out(self.to(result).contiguous(), dims);
  backend_of(self.device()).softmax(logarithm, laid.tensor, laid.strips, out);
  return out;
}

}  // namespace

Tensor softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return run_softmax("softmax", false, self, dim, dtype);
}

Tensor log_softmax(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return run_softmax("log_softmax", true, self, dim, dtype);
}

}  // namespace sconce
