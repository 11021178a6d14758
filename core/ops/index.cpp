// Joining, selecting and looking up: checks and shapes.
#include <sconce/backend.h>
#include <sconce/graph.h>
#include <sconce/ops/create.h>
#include <sconce/ops/index.h>
#include <sconce/ops/view.h>

#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy_elements.h"

namespace sconce {
namespace {

void check_size_known(const char* op) {
  if (Recorder::active())
    fail(ErrorKind::unsupported, "[", op,
         "] cannot be recorded: the size of its result depends on the values of its operands");
}

// The indices as contiguous i64, after a look at each: 0 .. n - 1, and with `from_end` also -n .. -1, which
// are resolved.
Tensor checked_indices(const Tensor& index, int64_t n, bool from_end, const std::string& range_error,
                       const char* prefix = "") {
  Tensor here = empty(index.shape(), DType::i64);
  copy_elements(index, here);
  int64_t* values = here.mutable_data<int64_t>();
  for (int64_t i = 0; i < here.numel(); ++i) {
    const int64_t v = values[i];
    if (v >= n || v < (from_end ? -n : 0))
      fail(ErrorKind::invalid_argument, range_error.empty() ? "" : concat(prefix, "index ", v, range_error),
           range_error.empty() ? "index out of range in self" : "");
    if (v < 0) values[i] += n;
  }
  return here.to(index.device());
}

// The extents without that of dimension d, "2 3".
std::string without(const Shape& shape, int64_t d) {
  std::string text;
  for (int64_t k = 0; k < shape.dim(); ++k)
    if (k != d) text += (text.empty() ? "" : " ") + std::to_string(shape[k]);
  return text;
}

void check_index_dtype(const Tensor& index, const char* message) {
  check(index.dtype() == DType::i64 || index.dtype() == DType::i32, message);
}

}  // namespace

Tensor index_select(const Tensor& self, int64_t d, const Tensor& index) {
  check_defined("index_select", self);
  check_defined("index_select", index);
  d = self.shape().wrap(d);
  check(index.dim() <= 1, "index_select(): Index is supposed to be a vector");
  check_index_dtype(index, "index_select(): Expected dtype int32 or int64 for index");
  check(self.dim() > 0 || index.numel() == 1, "index_select(): Index to scalar can have only 1 value, got ",
        index.numel(), " value(s)");
  std::vector<int64_t> extents = self.shape().extents();
  if (!extents.empty()) extents[static_cast<size_t>(d)] = index.numel();
  const Shape shape(std::move(extents));
  if (Recorder* r = Recorder::active())
    return r->record("aten.index_select.default", {{"self", self}, {"dim", d}, {"index", index}}, shape,
                     self.dtype());
  const Tensor at = checked_indices(index, self.dim() == 0 ? 1 : self.size(d), false, "");
  Tensor out = empty(shape, self.dtype(), self.device());
  if (out.numel() > 0) backend_of(self.device()).index_select(self.contiguous(), d, at, out);
  return out;
}

Tensor gather(const Tensor& self, int64_t d, const Tensor& index) {
  check_defined("gather", self);
  check_defined("gather", index);
  check_index_dtype(index, "gather(): Expected dtype int32/int64 for index");
  d = self.shape().wrap(d);
  check(std::max<int64_t>(self.dim(), 1) == std::max<int64_t>(index.dim(), 1) || index.numel() == 0,
        "Index tensor must have the same number of dimensions as input tensor");
  for (int64_t i = 0; i < self.dim() && i < index.dim() && index.numel() > 0; ++i)
    check(i == d || index.size(i) <= self.size(i), "Size does not match at dimension ", i, " expected index ",
          index.shape(), " to be no larger than self ", self.shape(), " apart from dimension ", d);
  if (Recorder* r = Recorder::active())
    return r->record("aten.gather.default",
                     {{"self", self}, {"dim", d}, {"index", index}, {"sparse_grad", false}}, index.shape(),
                     self.dtype());
  const int64_t n = self.dim() == 0 ? 1 : self.size(d);
  const Tensor at =
      checked_indices(index, n, false, concat(" is out of bounds for dimension ", d, " with size ", n));
  Tensor out = empty(index.shape(), self.dtype(), self.device());
  if (out.numel() > 0) backend_of(self.device()).gather(self.contiguous(), d, at, out);
  return out;
}

Tensor masked_select(const Tensor& self, const Tensor& mask) {
  check_defined("masked_select", self);
  check_defined("masked_select", mask);
  check(mask.dtype() == DType::boolean, "masked_select: expected BoolTensor for mask");
  check_size_known("masked_select");
  const Shape shape = broadcast(self.shape(), mask.shape());
  return index(self.expand(shape.extents()), mask.expand(shape.extents()));
}

namespace {

// The rows of self, seen with the mask's dimensions as one, where the mask is true.
Tensor index_by_mask(const Tensor& self, const Tensor& mask) {
  check_size_known("index");
  check(mask.dim() <= self.dim(), "too many indices for tensor of dimension ", self.dim());
  for (int64_t d = 0; d < mask.dim(); ++d)
    check(mask.size(d) == self.size(d), "The shape of the mask ", mask.shape(), " at index ", d,
          " does not match the shape of the indexed tensor ", self.shape(), " at index ", d);
  Tensor chosen = empty(mask.shape(), DType::u8);
  copy_elements(mask, chosen);
  const uint8_t* flags = chosen.data<uint8_t>();
  std::vector<int64_t> places;
  for (int64_t i = 0; i < chosen.numel(); ++i)
    if (flags[i] != 0) places.push_back(i);
  std::vector<int64_t> extents = {mask.numel()};
  extents.insert(extents.end(), self.shape().begin() + mask.dim(), self.shape().end());
  const Shape where_shape{static_cast<int64_t>(places.size())};
  return index_select(self.reshape(extents), 0, tensor(places, where_shape).to(self.device()));
}

}  // namespace

Tensor index(const Tensor& self, const Tensor& index) {
  check_defined("index", self);
  check_defined("index", index);
  if (index.dtype() == DType::boolean || index.dtype() == DType::u8) return index_by_mask(self, index);
  check_index_dtype(index, "tensors used as indices must be long, int, byte or bool tensors");
  check(self.dim() > 0, "too many indices for tensor of dimension 0");
  std::vector<int64_t> extents = index.shape().extents();
  extents.insert(extents.end(), self.shape().begin() + 1, self.shape().end());
  const Shape shape(std::move(extents));
  if (Recorder* r = Recorder::active())
    return r->record("aten.index.Tensor", {{"self", self}, {"indices", std::vector<Tensor>{index}}}, shape,
                     self.dtype());
  const int64_t n = self.size(0);
  const Tensor at =
      checked_indices(index, n, true, concat(" is out of bounds for dimension 0 with size ", n));
  Tensor out = empty(shape, self.dtype(), self.device());
  if (out.numel() > 0) backend_of(self.device()).index_select(self.contiguous(), 0, at, out);
  return out;
}

Tensor index_copy(const Tensor& self, int64_t d, const Tensor& index, const Tensor& source) {
  check_tensors("index_copy", {&self, &index, &source});
  d = self.shape().wrap(d);
  check(self.dim() > 0 && source.dim() == self.dim(),
        "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
        "dimensionality (",
        source.dim(), "), destination dimensionality (", self.dim(), ")");
  check(index.dim() == 1, "index_copy_(): Index should have dimension 1 or 0 (got ", index.dim(), ")");
  check(index.dtype() == DType::i64, "index_copy_(): Expected a long tensor for index, but got ",
        scalar_type_name(index.dtype()));
  check(self.dtype() == source.dtype(),
        "index_copy_(): self and source expected to have the same dtype, but got (self) ",
        scalar_type_name(self.dtype()), " and (source) ", scalar_type_name(source.dtype()));
  for (int64_t k = 0; k < self.dim(); ++k)
    check(k == d || self.size(k) == source.size(k),
          "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: ",
          without(self.shape(), d), " at dimension ", d,
          " and source slice shape: ", without(source.shape(), d), " at dimension 0.");
  check(source.size(d) == index.numel(), "index_copy_(): Number of indices (", index.numel(),
        ") should be equal to source.size(dim) (", source.size(d), ")");
  if (Recorder* r = Recorder::active())
    return r->record("aten.index_copy.default",
                     {{"self", self}, {"dim", d}, {"index", index}, {"source", source}}, self.shape(),
                     self.dtype());
  const std::string range = concat(" is out of bounds for dimension ", d, " with size ", self.size(d));
  const Tensor at = checked_indices(index, self.size(d), false, range, "index_copy_(): ").to(cpu);
  Tensor out = self.clone();
  for (int64_t i = 0; i < at.numel(); ++i) {
    Tensor place = out.select(d, at.data<int64_t>()[i]);
    copy_elements(source.select(d, i), place);
  }
  return out;
}

Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t padding_idx) {
  check_defined("embedding", weight);
  check_defined("embedding", indices);
  check(weight.dim() == 2, "'weight' must be 2-D");
  if (indices.dtype() != DType::i64 && indices.dtype() != DType::i32)
    fail(ErrorKind::invalid_argument,
         "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
         "but got ",
         "torch.", scalar_type_name(indices.dtype()),
         "Tensor instead (while checking arguments for embedding)");
  std::vector<int64_t> extents = indices.shape().extents();
  extents.push_back(weight.size(1));
  const Shape shape(std::move(extents));
  if (Recorder* r = Recorder::active())
    return r->record("aten.embedding.default",
                     {{"weight", weight},
                      {"indices", indices},
                      {"padding_idx", padding_idx},
                      {"scale_grad_by_freq", false},
                      {"sparse", false}},
                     shape, weight.dtype());
  const Tensor at = checked_indices(indices, weight.size(0), false, "");
  Tensor out = empty(shape, weight.dtype(), weight.device());
  if (out.numel() > 0) backend_of(weight.device()).index_select(weight.contiguous(), 0, at, out);
  return out;
}

}  // namespace sconce
