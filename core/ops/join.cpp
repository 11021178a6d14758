// cat, stack, where and one_hot: made of copies.
#include <sconce/backend.h>
#include <sconce/graph.h>
#include <sconce/ops/create.h>
#include <sconce/ops/index.h>
#include <sconce/ops/promotion.h>
#include <sconce/ops/view.h>

#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy_elements.h"

namespace sconce {
namespace {

// Passed over by cat, for old times' sake.
bool is_nothing(const Tensor& t) { return t.dim() == 1 && t.size(0) == 0; }

void check_one_device(const char* op, const std::vector<Tensor>& tensors) {
  for (const Tensor& t : tensors)
    check(t.device() == tensors[0].device() || Recorder::active(), "[", op,
          "] expected tensors on one device, got ", tensors[0].device().str(), " and ", t.device().str());
}

DType common_dtype(const std::vector<Tensor>& tensors) {
  ResultType type;
  for (const Tensor& t : tensors) type.add(t);
  const DType dtype = type.dtype();
  for (const Tensor& t : tensors) check_castable("cat", t.dtype(), dtype);
  return dtype;
}

}  // namespace

Tensor cat(const std::vector<Tensor>& tensors, int64_t d) {
  check(!tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  for (size_t i = 0; i < tensors.size(); ++i) {
    check_defined("cat", tensors[i]);
    check(tensors[i].dim() > 0, "zero-dimensional tensor (at position ", i, ") cannot be concatenated");
  }
  check_one_device("cat", tensors);
  const auto found = std::find_if_not(tensors.begin(), tensors.end(), is_nothing);
  const Tensor& model = found == tensors.end() ? tensors[0] : *found;
  d = model.shape().wrap(d);
  std::vector<int64_t> extents = model.shape().extents();
  int64_t& total = extents[static_cast<size_t>(d)] = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (is_nothing(t)) continue;
    check(t.dim() == model.dim(), "Tensors must have same number of dimensions: got ", model.dim(), " and ",
          t.dim());
    for (int64_t k = 0; k < t.dim(); ++k)
      check(k == d || t.size(k) == model.size(k), "Sizes of tensors must match except in dimension ", d,
            ". Expected size ", model.size(k), " but got size ", t.size(k), " for tensor number ", i,
            " in the list.");
    check(checked_add(total, t.size(d), total), "[cat] the extent of dimension ", d, " does not fit 64 bits");
  }
  const DType dtype = common_dtype(tensors);
  const Shape shape(std::move(extents));
  if (Recorder* r = Recorder::active())
    return r->record("aten.cat.default", {{"tensors", tensors}, {"dim", d}}, shape, dtype);
  Tensor out = empty(shape, dtype, model.device());
  int64_t start = 0;
  for (const Tensor& t : tensors) {
    if (is_nothing(t)) continue;
    Tensor part = out.slice(d, start, start + t.size(d));
    copy_elements(t, part);
    start += t.size(d);
  }
  return out;
}

Tensor stack(const std::vector<Tensor>& tensors, int64_t d) {
  check(!tensors.empty(), "stack expects a non-empty TensorList");
  for (const Tensor& t : tensors) check_defined("stack", t);
  check_one_device("stack", tensors);
  d = Shape::wrap(d, tensors[0].dim() + 1);
  for (size_t i = 1; i < tensors.size(); ++i)
    check(tensors[i].shape() == tensors[0].shape(), "stack expects each tensor to be equal size, but got ",
          tensors[0].shape(), " at entry 0 and ", tensors[i].shape(), " at entry ", i);
  const DType dtype = common_dtype(tensors);
  std::vector<int64_t> extents = tensors[0].shape().extents();
  extents.insert(extents.begin() + d, static_cast<int64_t>(tensors.size()));
  const Shape shape(std::move(extents));
  if (Recorder* r = Recorder::active())
    return r->record("aten.stack.default", {{"tensors", tensors}, {"dim", d}}, shape, dtype);
  Tensor out = empty(shape, dtype, tensors[0].device());
  for (size_t i = 0; i < tensors.size(); ++i) {
    Tensor part = out.select(d, static_cast<int64_t>(i));
    copy_elements(tensors[i], part);
  }
  return out;
}

namespace {

// All operands broadcast; the two to choose from are cast to `dtype`.
Tensor choose(const Tensor& condition, const Tensor& self, const Tensor& other, DType dtype) {
  check_defined("where", condition);
  check(condition.dtype() == DType::boolean || condition.dtype() == DType::u8,
        "where expected condition to be a boolean tensor, but got a tensor with dtype ",
        scalar_type_name(condition.dtype()));
  check_castable("where", self.dtype(), dtype);
  check_castable("where", other.dtype(), dtype);
  const Shape shape = broadcast(condition.shape(), broadcast(self.shape(), other.shape()));
  if (Recorder* r = Recorder::active())
    return r->record("aten.where.self", {{"condition", condition}, {"self", self}, {"other", other}}, shape,
                     dtype);
  Tensor out = empty(shape, dtype, condition.device());
  if (out.numel() == 0 || out.device() == meta) return out;
  const auto& extents = shape.extents();
  copy_elements(other.to(condition.device()).expand(extents), out);
  backend_of(out.device())
      .masked_copy(condition.expand(extents), self.to(out.device()).to(dtype).expand(extents), out);
  return out;
}

// As a 0-dim operand of its category's widest dtype.
Tensor exactly(const Scalar& s) {
  return scalar_tensor(s, s.is_floating_point() ? DType::f64
                          : s.is_complex()      ? DType::complex128
                                                : s.dtype());
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  check_defined("where", self);
  check_defined("where", other);
  return choose(condition, self, other, result_type(self, other));
}

Tensor where(const Tensor& condition, const Tensor& self, const Scalar& other) {
  check_defined("where", self);
  return choose(condition, self, exactly(other), result_type(self, other));
}

Tensor where(const Tensor& condition, const Scalar& self, const Tensor& other) {
  check_defined("where", other);
  return choose(condition, exactly(self), other, result_type(other, self));
}

Tensor masked_fill(const Tensor& self, const Tensor& mask, const Scalar& value) {
  check_defined("masked_fill", self);
  check_defined("masked_fill", mask);
  check(mask.dtype() == DType::boolean, "masked_fill_ only supports boolean masks, but got mask with dtype ",
        type_meta_name(mask.dtype()));
  if (Recorder* r = Recorder::active())
    return r->record("aten.masked_fill.Scalar", {{"self", self}, {"mask", mask}, {"value", as_input(value)}},
                     broadcast(self.shape(), mask.shape()), self.dtype());
  return choose(mask, scalar_tensor(value, self.dtype()), self, self.dtype());
}

Tensor one_hot(const Tensor& index, int64_t num_classes) {
  check_defined("one_hot", index);
  check(index.dtype() == DType::i64, "one_hot is only applicable to index tensor of type LongTensor.");
  check(num_classes >= -1 && (num_classes != 0 || index.numel() == 0),
        "Class values must be smaller than num_classes.");
  std::vector<int64_t> extents = index.shape().extents();
  if (Recorder* r = Recorder::active()) {
    check(num_classes > 0,
          "[one_hot] expected the number of classes in a recording, where values are not known yet");
    extents.push_back(num_classes);
    return r->record("aten.one_hot.default", {{"self", index}, {"num_classes", num_classes}},
                     Shape(std::move(extents)), DType::i64);
  }
  const Tensor here = index.to(cpu).contiguous();
  const int64_t* classes = here.data<int64_t>();
  check(here.numel() > 0 || num_classes > 0, "Can not infer total number of classes from empty tensor.");
  const int64_t largest = here.numel() > 0 ? *std::max_element(classes, classes + here.numel()) : 0;
  check(here.numel() == 0 || *std::min_element(classes, classes + here.numel()) >= 0,
        "Class values must be non-negative.");
  check(num_classes < 0 || here.numel() == 0 || largest < num_classes,
        "Class values must be smaller than num_classes.");
  check(num_classes > 0 || largest < std::numeric_limits<int64_t>::max(),
        "[one_hot] the number of classes does not fit 64 bits");
  if (num_classes < 0) num_classes = largest + 1;
  extents.push_back(num_classes);
  Tensor out = zeros(Shape(std::move(extents)), DType::i64);
  int64_t* to = out.mutable_data<int64_t>();
  for (int64_t i = 0; i < here.numel(); ++i) to[i * num_classes + classes[i]] = 1;
  return out.to(index.device());
}

}  // namespace sconce
