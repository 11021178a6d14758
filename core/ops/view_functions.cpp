// Views that no member of Tensor gives.
#include <sconce/graph.h>
#include <sconce/ops/view.h>

#include <algorithm>

#include "ops/copy_elements.h"
#include "ops/view_shape.h"

namespace sconce {
namespace {

// The parts of these extents along d, after all checks.
std::vector<Tensor> parts_of(const Tensor& x, int64_t d, const std::vector<int64_t>& sizes, const char* op,
                             Recorder::Inputs inputs) {
  if (Recorder* r = Recorder::active()) {
    std::vector<std::pair<Shape, DType>> results;
    for (int64_t n : sizes) {
      std::vector<int64_t> extents = x.shape().extents();
      extents[static_cast<size_t>(d)] = n;
      results.emplace_back(Shape(std::move(extents)), x.dtype());
    }
    return r->record(op, std::move(inputs), results, Aliasing::view);
  }
  std::vector<Tensor> parts;
  int64_t start = 0;
  for (int64_t n : sizes) parts.push_back(x.slice(d, start, start + n)), start += n;
  return parts;
}

// Extents of `size` that fill `extent`; at least one part.
std::vector<int64_t> equal_parts(int64_t extent, int64_t size) {
  if (extent == 0) return {0};
  std::vector<int64_t> sizes(static_cast<size_t>(extent / size), size);
  if (extent % size != 0) sizes.push_back(extent % size);
  return sizes;
}

}  // namespace

Tensor squeeze(const Tensor& x) {
  check_defined("squeeze", x);
  std::vector<int64_t> extents;
  Strides strides;
  for (int64_t d = 0; d < x.dim(); ++d)
    if (x.size(d) != 1) extents.push_back(x.size(d)), strides.push_back(x.stride(d));
  if (Recorder* r = Recorder::active())
    return r->record("aten.squeeze.default", {{"self", x}}, Shape(std::move(extents)), x.dtype(),
                     Aliasing::view);
  return Tensor(x.storage(), x.dtype(), Shape(std::move(extents)), std::move(strides), x.storage_offset());
}

Tensor unflatten(const Tensor& x, int64_t d, const std::vector<int64_t>& sizes) {
  check_defined("unflatten", x);
  d = x.shape().wrap(d);
  check(x.dim() > 0, "[unflatten] expected at least one dimension, got a 0-dim tensor");
  check(!sizes.empty(), "unflatten: sizes must be non-empty");
  check(std::count(sizes.begin(), sizes.end(), -1) <= 1, "only one dimension can be inferred");
  std::vector<int64_t> inner;
  try {
    inner = infer_shape(sizes, x.size(d)).extents();
  } catch (const Error&) {
    fail(ErrorKind::invalid_argument, "unflatten: Provided sizes ", list(sizes),
         " don't multiply up to the size of dim ", d, " (", x.size(d), ") in the input tensor");
  }
  std::vector<int64_t> extents = x.shape().extents();
  extents.erase(extents.begin() + d);
  extents.insert(extents.begin() + d, inner.begin(), inner.end());
  const Shape shape(std::move(extents));
  if (Recorder* r = Recorder::active())
    return r->record("aten.unflatten.int", {{"self", x}, {"dim", d}, {"sizes", sizes}}, shape, x.dtype(),
                     Aliasing::view);
  return x.view(shape.extents());
}

Tensor movedim(const Tensor& x, const std::vector<int64_t>& from, const std::vector<int64_t>& to) {
  check_defined("movedim", x);
  if (from.size() != to.size())
    fail(ErrorKind::invalid_argument, "movedim: Invalid source or destination dims: source (", list(from),
         " dims) should contain the same number of dims as destination (", list(to), " dims)");
  const auto n = static_cast<size_t>(x.dim());
  std::vector<int64_t> order(n, -1);
  std::vector<bool> moved(n, false);
  for (size_t i = 0; i < from.size(); ++i) {
    const int64_t source = x.shape().wrap(from[i]), place = x.shape().wrap(to[i]);
    if (n == 0) continue;
    if (moved[static_cast<size_t>(source)])
      fail(ErrorKind::invalid_argument, "movedim: repeated dim in `source` (", list(from), ")");
    if (order[static_cast<size_t>(place)] >= 0)
      fail(ErrorKind::invalid_argument, "movedim: repeated dim in `destination` (", list(to), ")");
    moved[static_cast<size_t>(source)] = true;
    order[static_cast<size_t>(place)] = source;
  }
  size_t next = 0;
  for (int64_t& d : order) {
    if (d >= 0) continue;
    while (moved[next]) ++next;
    d = static_cast<int64_t>(next++);
  }
  return x.permute(order);
}

Tensor narrow(const Tensor& x, int64_t d, int64_t start, int64_t length) {
  check_defined("narrow", x);
  check(x.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  check(length >= 0, "narrow(): length must be non-negative.");
  const int64_t n = x.size(d);
  check(start >= -n && start <= n, "start out of range (expected to be in range of [", -n, ", ", n,
        "], but got ", start, ")");
  if (start < 0) start += n;
  check(length <= n - start, "start (", start, ") + length (", length, ") exceeds dimension size (", n, ").");
  return x.slice(d, start, start + length);
}

Tensor as_strided(const Tensor& x, const std::vector<int64_t>& size, const Strides& stride,
                  int64_t storage_offset) {
  check_defined("as_strided", x);
  check(size.size() == stride.size(), "mismatch in length of strides and shape");
  if (std::any_of(stride.begin(), stride.end(), [](int64_t s) { return s < 0; }))
    fail(ErrorKind::invalid_argument,
         "as_strided: Negative strides are not supported at the moment, got strides: ", list(stride));
  check(storage_offset >= 0, "Tensor: invalid storage offset ", storage_offset);
  if (Recorder* r = Recorder::active())
    return r->record("aten.as_strided.default",
                     {{"self", x}, {"size", size}, {"stride", stride}, {"storage_offset", storage_offset}},
                     Shape(size), x.dtype(), Aliasing::view);
  const Shape shape(size);
  int64_t last = storage_offset, reach = 0;
  bool fits = true;
  for (size_t i = 0; i < size.size(); ++i)
    fits = fits && checked_multiply(std::max<int64_t>(size[i] - 1, 0), stride[i], reach) &&
           checked_add(last, reach, last);
  const auto item = static_cast<int64_t>(size_of(x.dtype()));
  int64_t needed = 0;
  fits = fits && checked_add(last, 1, last) && checked_multiply(last, item, needed);
  if (shape.numel() == 0) needed = 0, fits = true;
  check(fits, "[as_strided] the view of shape ", shape, " reaches past 64 bits");
  if (x.device() != meta && static_cast<uint64_t>(needed) > x.storage().nbytes())
    fail(ErrorKind::invalid_argument, "setStorage: sizes ", shape, ", strides ", list(stride),
         ", storage offset ", storage_offset, ", and itemsize ", item, " requiring a storage size of ",
         needed, " are out of bounds for storage of size ", x.storage().nbytes());
  return Tensor(x.storage(), x.dtype(), shape, stride, storage_offset);
}

std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t d) {
  check_defined("chunk", x);
  check(x.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  check(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  d = x.shape().wrap(d);
  const int64_t n = x.size(d), size = n / chunks + (n % chunks != 0);
  // An empty dimension still gives as many parts as asked for.
  check(n > 0 || chunks <= 1 << 20, "[chunk] expected at most ", 1 << 20,
        " chunks of an empty dimension, got ", chunks);
  const auto sizes = n == 0 ? std::vector<int64_t>(static_cast<size_t>(chunks), 0) : equal_parts(n, size);
  return parts_of(x, d, sizes, "aten.chunk.default", {{"self", x}, {"chunks", chunks}, {"dim", d}});
}

std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t d) {
  check_defined("split", x);
  check(x.dim() > 0, "split expects at least a 1-dimensional tensor");
  d = x.shape().wrap(d);
  check(size >= 0, "split expects split_size be non-negative, but got split_size=", size);
  check(size > 0 || x.size(d) == 0,
        "split_size can only be 0 if dimension size is 0, but got dimension size of ", x.size(d));
  return parts_of(x, d, equal_parts(x.size(d), size), "aten.split.Tensor",
                  {{"self", x}, {"split_size", size}, {"dim", d}});
}

std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t d) {
  check_defined("split", x);
  check(x.dim() > 0, "split expects at least a 1-dimensional tensor");
  d = x.shape().wrap(d);
  int64_t sum = 0;
  bool fits = true;
  for (int64_t n : sizes) {
    if (n < 0)
      fail(ErrorKind::invalid_argument,
           "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=",
           list(sizes));
    fits = fits && checked_add(sum, n, sum);
  }
  if (!fits || sum != x.size(d))
    fail(ErrorKind::invalid_argument, "split_with_sizes expects split_sizes to sum exactly to ", x.size(d),
         " (input tensor's size at dimension ", d, "), but got split_sizes=", list(sizes));
  return parts_of(x, d, sizes, "aten.split_with_sizes.default",
                  {{"self", x}, {"split_sizes", sizes}, {"dim", d}});
}

std::vector<Tensor> unbind(const Tensor& x, int64_t d) {
  check_defined("unbind", x);
  check(x.dim() > 0, "Dimension specified as ", d, " but tensor has no dimensions");
  d = x.shape().wrap(d);
  std::vector<Tensor> parts;
  if (Recorder* r = Recorder::active()) {
    std::vector<int64_t> extents = x.shape().extents();
    extents.erase(extents.begin() + d);
    const std::vector<std::pair<Shape, DType>> results(static_cast<size_t>(x.size(d)),
                                                       {Shape(std::move(extents)), x.dtype()});
    return r->record("aten.unbind.int", {{"self", x}, {"dim", d}}, results, Aliasing::view);
  }
  for (int64_t i = 0; i < x.size(d); ++i) parts.push_back(x.select(d, i));
  return parts;
}

}  // namespace sconce
