// roll, flip, tril and triu: made of copies.
#include <sconce/backend.h>
#include <sconce/graph.h>
#include <sconce/ops/create.h>
#include <sconce/ops/index.h>
#include <sconce/ops/rearrange.h>

#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy_elements.h"

namespace sconce {
namespace {

// One dimension, by two copies.
Tensor rolled(const Tensor& self, int64_t shift, int64_t d) {
  const int64_t n = self.size(d), by = n == 0 ? 0 : (shift % n + n) % n;
  if (by == 0) return self;
  return cat({self.slice(d, n - by, n), self.slice(d, 0, n - by)}, d);
}

Tensor triangle(const char* name, bool upper, const Tensor& self, int64_t diagonal) {
  check_tensors(name, {&self});
  check(self.dim() >= 2, name, ": input tensor must have at least 2 dimensions");
  check_castable(name, self.dtype(), self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record(concat("aten.", name, ".default"), {{"self", self}, {"diagonal", diagonal}},
                     self.shape(), self.dtype());
  const int64_t rows = self.size(-2), columns = self.size(-1);
  Tensor kept = empty({rows, columns}, DType::boolean);
  bool* flags = kept.mutable_data<bool>();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      flags[i * columns + j] = upper ? j - i >= diagonal : j - i <= diagonal;
  Tensor out = zeros(self.shape(), self.dtype(), self.device());
  if (out.numel() > 0)
    backend_of(self.device()).masked_copy(kept.to(self.device()).expand(self.shape().extents()), self, out);
  return out;
}

}  // namespace

Tensor roll(const Tensor& self, const Sizes& shifts, const Sizes& dims) {
  check_tensors("roll", {&self});
  check(!shifts.empty(), "`shifts` required");
  check(dims.size() == shifts.size() || (dims.empty() && shifts.size() == 1),
        "shifts and dimensions must align. shifts: ", shifts.size(), ", dims:", dims.size());
  if (Recorder* r = Recorder::active())
    return r->record(
        "aten.roll.default",
        {{"self", self}, {"shifts", std::vector<int64_t>(shifts)}, {"dims", std::vector<int64_t>(dims)}},
        self.shape(), self.dtype());
  if (dims.empty())
    return rolled(self.reshape({self.numel()}), shifts[0], 0).view(self.shape().extents()).clone();
  Tensor out = self;
  for (size_t i = 0; i < dims.size(); ++i) out = rolled(out, shifts[i], self.shape().wrap(dims[i]));
  return out.is_same_view(self) ? self.clone() : out;
}

Tensor flip(const Tensor& self, const Sizes& dims) {
  check_tensors("flip", {&self});
  std::vector<bool> seen(static_cast<size_t>(std::max<int64_t>(self.dim(), 1)), false);
  for (int64_t d : dims) {
    auto was = seen[static_cast<size_t>(self.shape().wrap(d))];
    check(!was, "dim ", self.shape().wrap(d), " appears multiple times in the list of dims");
    seen[static_cast<size_t>(self.shape().wrap(d))] = true;
  }
  if (Recorder* r = Recorder::active())
    return r->record("aten.flip.default", {{"self", self}, {"dims", std::vector<int64_t>(dims)}},
                     self.shape(), self.dtype());
  Tensor out = self;
  for (int64_t d : dims) {
    if (self.dim() == 0) continue;
    const int64_t n = self.size(d);
    Tensor order = empty({n}, DType::i64);
    for (int64_t i = 0; i < n; ++i) order.mutable_data<int64_t>()[i] = n - 1 - i;
    out = index_select(out, d, order.to(self.device()));
  }
  return out.is_same_view(self) ? self.clone() : out;
}

Tensor tril(const Tensor& self, int64_t diagonal) { return triangle("tril", false, self, diagonal); }
Tensor triu(const Tensor& self, int64_t diagonal) { return triangle("triu", true, self, diagonal); }

}  // namespace sconce
