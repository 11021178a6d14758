// Views: the members of Tensor that only change shape, strides and offset.
#include <sconce/graph.h>

#include <algorithm>

#include "ops/arguments.h"
#include "ops/copy_elements.h"
#include "ops/view_shape.h"

namespace sconce {

std::string list(const std::vector<int64_t>& values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + std::to_string(values[i]);
  return text + "]";
}

Shape infer_shape(const std::vector<int64_t>& wanted, int64_t numel) {
  int64_t known = 1, open = -1;
  bool fits = true;
  for (size_t d = 0; d < wanted.size(); ++d) {
    if (wanted[d] == -1) {
      check(open < 0, "only one dimension can be inferred");
      open = static_cast<int64_t>(d);
    } else {
      check(wanted[d] >= 0, "invalid shape dimension ", wanted[d], " at index ", d, " of shape ",
            list(wanted));
      fits = fits && checked_multiply(known, wanted[d], known);
      if (wanted[d] == 0)
        known = 0, fits = true;
      else if (known == 0)
        fits = true;
    }
  }
  const bool divides = fits && (open < 0 ? known == numel : known > 0 ? numel % known == 0 : numel == 0);
  if (!divides)
    fail(ErrorKind::invalid_argument, "shape '", list(wanted), "' is invalid for input of size ", numel);
  std::vector<int64_t> extents = wanted;
  if (open >= 0) {
    if (known == 0)
      fail(ErrorKind::invalid_argument, "cannot reshape tensor of 0 elements into shape ", list(wanted),
           " because the unspecified dimension size -1 can be any value and is ambiguous");
    extents[static_cast<size_t>(open)] = numel / known;
  }
  return Shape(std::move(extents));
}

std::optional<Strides> view_strides(const Tensor& tensor, const Shape& wanted) {
  const auto& old_extents = tensor.shape().extents();
  const auto& new_extents = wanted.extents();
  if (tensor.numel() == 0) return tensor.shape() == wanted ? tensor.strides() : wanted.contiguous_strides();
  Strides strides(new_extents.size(), 1);
  // From the last dimension: gather old dimensions that lie without gaps (a chunk), and split each chunk into
  // new ones.
  int64_t next = wanted.dim() - 1, chunk = 1, made = 1;
  if (old_extents.empty()) return strides;
  int64_t base = tensor.strides().back();
  for (int64_t d = tensor.dim() - 1; d >= 0; --d) {
    const auto i = static_cast<size_t>(d);
    chunk *= old_extents[i];
    const bool ends = d == 0 || (old_extents[i - 1] != 1 && tensor.strides()[i - 1] != chunk * base);
    if (!ends) continue;
    for (; next >= 0 && (made < chunk || new_extents[static_cast<size_t>(next)] == 1); --next) {
      strides[static_cast<size_t>(next)] = made * base;
      made *= new_extents[static_cast<size_t>(next)];
    }
    if (made != chunk) return std::nullopt;
    if (d > 0) base = tensor.strides()[i - 1], chunk = made = 1;
  }
  if (next != -1) return std::nullopt;
  return strides;
}

Tensor Tensor::view(const std::vector<int64_t>& shape) const {
  check_defined("view", *this);
  const Shape wanted = infer_shape(shape, numel_);
  if (Recorder* r = Recorder::active())
    return r->record("aten.view.default", {{"self", *this}, {"size", shape}}, wanted, dtype_, Aliasing::view);
  const auto strides = view_strides(*this, wanted);
  check(strides.has_value(),
        "view size is not compatible with input tensor's size and stride (at least one dimension spans ",
        "across two contiguous subspaces). Use .reshape(...) instead.");
  return Tensor(storage_, dtype_, wanted, *strides, offset_);
}

Tensor Tensor::permute(const std::vector<int64_t>& dims) const {
  check_defined("permute", *this);
  check(static_cast<int64_t>(dims.size()) == dim(),
        "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
        "desired ordering of ",
        "dimensions i.e. input.dim() = ", dim(), " is not equal to len(dims) = ", dims.size());
  std::vector<bool> seen(dims.size(), false);
  std::vector<int64_t> extents(dims.size());
  Strides strides(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    const auto d = static_cast<size_t>(shape_.wrap(dims[i]));
    check(!seen[d], "permute(): duplicate dims are not allowed.");
    seen[d] = true;
    extents[i] = shape_.extents()[d], strides[i] = strides_[d];
  }
  if (Recorder* r = Recorder::active())
    return r->record("aten.permute.default", {{"self", *this}, {"dims", dims}}, Shape(std::move(extents)),
                     dtype_, Aliasing::view);
  return Tensor(storage_, dtype_, Shape(std::move(extents)), std::move(strides), offset_);
}

Tensor Tensor::transpose(int64_t a, int64_t b) const {
  check_defined("transpose", *this);
  a = shape_.wrap(a), b = shape_.wrap(b);
  if (a == b) return *this;
  std::vector<int64_t> extents = shape_.extents();
  Strides strides = strides_;
  std::swap(extents[static_cast<size_t>(a)], extents[static_cast<size_t>(b)]);
  std::swap(strides[static_cast<size_t>(a)], strides[static_cast<size_t>(b)]);
  if (Recorder* r = Recorder::active())
    return r->record("aten.transpose.int", {{"self", *this}, {"dim0", a}, {"dim1", b}},
                     Shape(std::move(extents)), dtype_, Aliasing::view);
  return Tensor(storage_, dtype_, Shape(std::move(extents)), std::move(strides), offset_);
}

Tensor Tensor::t() const {
  check_defined("t", *this);
  check(dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", dim(), "D");
  if (dim() < 2) return *this;
  if (Recorder* r = Recorder::active())
    return r->record("aten.t.default", {{"self", *this}}, Shape{size(1), size(0)}, dtype_, Aliasing::view);
  return transpose(0, 1);
}

Tensor Tensor::expand(const std::vector<int64_t>& shape) const {
  check_defined("expand", *this);
  const int64_t added = static_cast<int64_t>(shape.size()) - dim();
  if (added < 0)
    fail(ErrorKind::invalid_argument, "expand(torch.", scalar_type_name(dtype_), "Tensor{", shape_,
         "}, size=", list(shape), "): the number of sizes provided (", shape.size(),
         ") must be greater or equal to the number of dimensions in the tensor (", dim(), ")");
  std::vector<int64_t> extents = shape;
  Strides strides(shape.size(), 0);
  for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
    const auto i = static_cast<size_t>(d);
    if (d < added) {
      check(extents[i] >= 0, "The expanded size of the tensor (", extents[i],
            ") isn't allowed in a leading, non-existing dimension ", d);
      continue;
    }
    const int64_t have = size(d - added);
    if (extents[i] == -1) extents[i] = have;
    if (extents[i] != have && (have != 1 || extents[i] < 0))
      fail(ErrorKind::invalid_argument, "The expanded size of the tensor (", extents[i],
           ") must match the existing size (", have, ") at non-singleton dimension ", d,
           ".  Target sizes: ", list(shape), ".  Tensor sizes: ", shape_);
    strides[i] = extents[i] == have ? stride(d - added) : 0;
  }
  if (Recorder* r = Recorder::active())
    return r->record("aten.expand.default", {{"self", *this}, {"size", shape}, {"implicit", false}},
                     Shape(std::move(extents)), dtype_, Aliasing::view);
  return Tensor(storage_, dtype_, Shape(std::move(extents)), std::move(strides), offset_);
}

Tensor Tensor::squeeze(int64_t d) const {
  check_defined("squeeze", *this);
  const auto i = static_cast<size_t>(shape_.wrap(d));
  if (dim() == 0 || shape_.extents()[i] != 1) return *this;
  std::vector<int64_t> extents = shape_.extents();
  Strides strides = strides_;
  extents.erase(extents.begin() + static_cast<ptrdiff_t>(i));
  strides.erase(strides.begin() + static_cast<ptrdiff_t>(i));
  if (Recorder* r = Recorder::active())
    return r->record("aten.squeeze.dim", {{"self", *this}, {"dim", shape_.wrap(d)}},
                     Shape(std::move(extents)), dtype_, Aliasing::view);
  return Tensor(storage_, dtype_, Shape(std::move(extents)), std::move(strides), offset_);
}

Tensor Tensor::unsqueeze(int64_t d) const {
  check_defined("unsqueeze", *this);
  const int64_t at = Shape::wrap(d, dim() + 1);
  std::vector<int64_t> extents = shape_.extents();
  Strides strides = strides_;
  int64_t step = 1;
  if (at < dim())
    check(checked_multiply(size(at), stride(at), step), "[unsqueeze] the stride does not fit 64 bits");
  extents.insert(extents.begin() + at, 1);
  strides.insert(strides.begin() + at, step);
  if (Recorder* r = Recorder::active())
    return r->record("aten.unsqueeze.default", {{"self", *this}, {"dim", at}}, Shape(std::move(extents)),
                     dtype_, Aliasing::view);
  return Tensor(storage_, dtype_, Shape(std::move(extents)), std::move(strides), offset_);
}

Tensor Tensor::select(int64_t d, int64_t index) const {
  check_defined("select", *this);
  check(dim() > 0, "select() cannot be applied to a 0-dim tensor.");
  d = shape_.wrap(d);
  const int64_t n = size(d);
  check(index >= -n && index < n, "select(): index ", index, " out of range for tensor of size ", shape_,
        " at dimension ", d);
  std::vector<int64_t> extents = shape_.extents();
  Strides strides = strides_;
  const int64_t offset = offset_ + (index < 0 ? index + n : index) * stride(d);
  extents.erase(extents.begin() + d);
  strides.erase(strides.begin() + d);
  if (Recorder* r = Recorder::active())
    return r->record("aten.select.int", {{"self", *this}, {"dim", d}, {"index", index}},
                     Shape(std::move(extents)), dtype_, Aliasing::view);
  return Tensor(storage_, dtype_, Shape(std::move(extents)), std::move(strides), offset);
}

Tensor Tensor::slice(int64_t d, int64_t start, int64_t end, int64_t step) const {
  check_defined("slice", *this);
  check(dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  d = shape_.wrap(d);
  check(step > 0, "slice step must be positive");
  const int64_t n = size(d);
  const auto clamp = [n](int64_t i, int64_t low) { return std::clamp(i < 0 ? i + n : i, low, n); };
  start = clamp(start, 0);
  end = clamp(end, start);
  std::vector<int64_t> extents = shape_.extents();
  Strides strides = strides_;
  const int64_t span = end - start;
  extents[static_cast<size_t>(d)] = span / step + (span % step != 0);
  int64_t wider = 0;
  // A single element needs no stride; keep the old one where the product would not fit.
  if (checked_multiply(stride(d), step, wider)) strides[static_cast<size_t>(d)] = wider;
  if (Recorder* r = Recorder::active())
    return r->record("aten.slice.Tensor",
                     {{"self", *this}, {"dim", d}, {"start", start}, {"end", end}, {"step", step}},
                     Shape(std::move(extents)), dtype_, Aliasing::view);
  return Tensor(storage_, dtype_, Shape(std::move(extents)), std::move(strides), offset_ + start * stride(d));
}

}  // namespace sconce
