#include "ops/strips.h"

#include <algorithm>

namespace sconce {

std::vector<int64_t> resolve_dims(const Shape& shape, const Dims& dims) {
  const int64_t rank = std::max<int64_t>(shape.dim(), 1);  // a 0-dim tensor counts as one of 1 dimension
  std::vector<int64_t> resolved;
  for (int64_t d : dims.values()) {
    const int64_t axis = Shape::wrap(d, rank);
    check(std::find(resolved.begin(), resolved.end(), axis) == resolved.end(), "dim ", axis,
          " appears multiple times in the list of dims");
    resolved.push_back(axis);
  }
  if (resolved.empty())
    for (int64_t d = 0; d < rank; ++d) resolved.push_back(d);
  std::sort(resolved.begin(), resolved.end());
  return resolved;
}

Shape reduced_shape(const Shape& shape, const std::vector<int64_t>& dims, bool keepdim) {
  std::vector<int64_t> extents;
  for (int64_t d = 0; d < shape.dim(); ++d) {
    const bool reduced = std::binary_search(dims.begin(), dims.end(), d);
    if (!reduced)
      extents.push_back(shape[d]);
    else if (keepdim)
      extents.push_back(1);
  }
  return Shape(std::move(extents));
}

Laid lay_out(const Tensor& self, const std::vector<int64_t>& dims) {
  Laid laid;
  Strips& strips = laid.strips;
  if (self.dim() == 0) {
    laid.tensor = self.contiguous();
    return laid;
  }
  for (int64_t d : dims) strips.length *= self.size(d);
  const bool adjacent = dims.back() - dims.front() == static_cast<int64_t>(dims.size()) - 1;
  if (adjacent && self.is_contiguous()) {
    laid.tensor = self;
    for (int64_t d = 0; d < dims.front(); ++d) strips.outer *= self.size(d);
    for (int64_t d = dims.back() + 1; d < self.dim(); ++d) strips.inner *= self.size(d);
    return laid;
  }
  std::vector<int64_t> order;
  for (int64_t d = 0; d < self.dim(); ++d)
    if (!std::binary_search(dims.begin(), dims.end(), d)) {
      order.push_back(d);
      strips.outer *= self.size(d);
    }
  order.insert(order.end(), dims.begin(), dims.end());
  laid.tensor = self.permute(order).contiguous();
  return laid;
}

}  // namespace sconce
