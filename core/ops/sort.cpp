#include <sconce/backend.h>
#include <sconce/ops/create.h>
#include <sconce/ops/sort.h>

#include "ops/dtype_set.h"
#include "ops/strips.h"

namespace sconce {

using namespace dtypes;

namespace {

// The first k in order; the dtype has been checked.
ValuesIndices run_sort(const Tensor& self, int64_t dim, int64_t k, bool descending, const Shape& shape) {
  ValuesIndices out{empty(shape, self.dtype(), self.device()), empty(shape, DType::i64, self.device())};
  if (shape.numel() == 0) return out;
  const Laid laid = lay_out(self.contiguous(), {dim});
  backend_of(self.device()).sort(descending, k, laid.tensor, laid.strips, out.values, out.indices);
  return out;
}

}  // namespace

ValuesIndices topk(const Tensor& self, int64_t k, int64_t dim, bool largest, bool sorted) {
  check_tensors("topk", {&self});
  check_dtype("topk", self.dtype(), floats | integers);
  const int64_t axis = resolve_dims(self.shape(), dim)[0];
  check(k >= 0 && k <= (self.dim() > 0 ? self.size(axis) : 1), "selected index k out of range");
  std::vector<int64_t> extents = self.shape().extents();
  if (self.dim() > 0) extents[static_cast<size_t>(axis)] = k;
  const Shape shape(std::move(extents));
  if (Recorder* r = Recorder::active()) {
    auto out = r->record("aten.topk.default",
                         {{"self", self}, {"k", k}, {"dim", dim}, {"largest", largest}, {"sorted", sorted}},
                         {{shape, self.dtype()}, {shape, DType::i64}});
    return {out[0], out[1]};
  }
  return run_sort(self, axis, self.dim() > 0 ? k : 1, largest, shape);
}

ValuesIndices sort(const Tensor& self, int64_t dim, bool descending, bool stable) {
  check_tensors("sort", {&self});
  check_dtype("sort", self.dtype(), floats | integers | wide_unsigned | boolean);
  const int64_t axis = resolve_dims(self.shape(), dim)[0];
  if (Recorder* r = Recorder::active()) {
    Recorder::Inputs inputs{{"self", self}, {"dim", dim}, {"descending", descending}};
    if (stable) inputs.insert(inputs.begin() + 1, {"stable", true});
    auto out = r->record(stable ? "aten.sort.stable" : "aten.sort.default", std::move(inputs),
                         {{self.shape(), self.dtype()}, {self.shape(), DType::i64}});
    return {out[0], out[1]};
  }
  return run_sort(self, axis, self.dim() > 0 ? self.size(axis) : 1, descending, self.shape());
}

Tensor argsort(const Tensor& self, int64_t dim, bool descending, bool stable) {
  return sort(self, dim, descending, stable).indices;
}

}  // namespace sconce
