#include "storage_plan.h"

#include <algorithm>
#include <numeric>

namespace sconce {
namespace {

// PyTorch names these storages as bytes and the tensor by its dtype; the others have a storage class each.
bool has_no_storage_class(DType dtype) {
  switch (dtype) {
    case DType::f8_e4m3fn:
    case DType::f8_e5m2:
    case DType::f8_e4m3fnuz:
    case DType::f8_e5m2fnuz:
    case DType::f8_e8m0fnu:
    case DType::f4_e2m1fn_x2:
    case DType::u16:
    case DType::u32:
    case DType::u64:
    case DType::complex32:
    case DType::bcomplex32: return true;
    default: return is_bits(dtype);
  }
}

uint64_t first_byte(const Tensor& t) {
  return static_cast<uint64_t>(t.storage_offset()) * size_of(t.dtype());
}

uint64_t end_byte(const Tensor& t) {
  int64_t last = t.storage_offset();
  for (int64_t d = 0; d < t.dim(); ++d) last += (t.size(d) - 1) * t.stride(d);
  return static_cast<uint64_t>(last + 1) * size_of(t.dtype());
}

// The dimensions, the one with the widest stride first.
std::vector<size_t> by_stride(const Tensor& t) {
  std::vector<size_t> order(t.strides().size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return t.strides()[a] > t.strides()[b]; });
  return order;
}

}  // namespace

void StoragePlan::survey(const Tensor& tensor) {
  if (tensor.device() == meta) return;
  const auto [at, fresh] = seen_.try_emplace(tensor.storage().id());
  Seen& seen = at->second;
  if (fresh) seen.storage = tensor.storage();
  if (compact_ && tensor.numel() != 0) return seen.views.push_back(tensor);
  if (compact_) {
    seen.nothing.mixed |= seen.has_nothing && seen.nothing.dtype != tensor.dtype();
    seen.nothing.dtype = tensor.dtype();
    seen.has_nothing = true;
    return;
  }
  if (fresh) {
    const bool mixed = seen.storage.nbytes() % size_of(tensor.dtype()) != 0;
    seen.groups.push_back({0, seen.storage.nbytes(), tensor.dtype(), mixed, nullptr, {}, {}, -1});
  }
  seen.groups[0].mixed |= seen.groups[0].dtype != tensor.dtype();
}

void StoragePlan::decide() {
  if (!compact_) return;
  for (auto& [id, seen] : seen_) {
    group_views(seen);
    seen.views = {};
  }
}

void StoragePlan::group_views(Seen& seen) const {
  std::stable_sort(seen.views.begin(), seen.views.end(),
                   [](const Tensor& a, const Tensor& b) { return first_byte(a) < first_byte(b); });
  for (const Tensor& view : seen.views) join(seen.groups, view);
  for (Group& group : seen.groups) {
    if (group.only) gather(seen, group);
    group.only = nullptr;
  }
}

// Views come by their first byte.
void StoragePlan::join(std::vector<Group>& groups, const Tensor& view) {
  const uint64_t begin = first_byte(view), end = end_byte(view);
  if (groups.empty() || begin >= groups.back().end) {
    groups.push_back({begin, end, view.dtype(), false, &view, {}, {}, -1});
    return;
  }
  Group& last = groups.back();
  last.end = std::max(last.end, end);
  if (last.only && !view.is_same_view(*last.only)) last.only = nullptr;
  if (view.dtype() == last.dtype) return;
  // With several dtypes every element must stay a whole number of its own size away from the beginning.
  last.mixed = true;
  last.begin = last.begin / 16 * 16;
  while (groups.size() > 1 && groups[groups.size() - 2].end > groups.back().begin) {
    const uint64_t joined_end = groups.back().end;
    groups.pop_back();
    groups.back().end = joined_end;
    groups.back().mixed = true;
    groups.back().only = nullptr;
    groups.back().begin = groups.back().begin / 16 * 16;
  }
}

void StoragePlan::gather(const Seen& seen, Group& group) {
  const Tensor& view = *group.only;
  const std::vector<size_t> order = by_stride(view);
  int64_t reached = 0;  // the last element that the dimensions so far, from the innermost, reach
  int64_t step = 1;
  Strides dense(order.size(), 0), strides(order.size());
  std::vector<int64_t> extents(order.size());
  for (size_t i = order.size(); i-- > 0;) {
    const size_t d = order[i];
    const int64_t stride = view.strides()[d], extent = stride == 0 ? 1 : view.shape().extents()[d];
    if (extent > 1 && stride <= reached) return;  // windows that overlap have no dense form
    reached += (extent - 1) * stride;
    extents[i] = extent;
    strides[i] = stride;
    if (stride != 0) dense[d] = step;
    step *= extent;
  }
  if (step == reached + 1) return;
  group.strides = std::move(dense);
  group.dense = Tensor(seen.storage, view.dtype(), Shape(extents), strides, view.storage_offset());
}

Placement StoragePlan::place(const Tensor& tensor) {
  Seen& seen = seen_.at(tensor.storage().id());
  const bool empty = tensor.numel() == 0;
  Group* group = &seen.nothing;
  if (!compact_) {
    group = &seen.groups[0];
  } else if (!empty) {
    const auto after = std::upper_bound(seen.groups.begin(), seen.groups.end(), first_byte(tensor),
                                        [](uint64_t at, const Group& g) { return at < g.begin; });
    group = &*std::prev(after);
  }
  const bool gathered = group->dense.defined();
  Placement out;
  out.nbytes = gathered ? static_cast<uint64_t>(group->dense.nbytes()) : group->end - group->begin;
  if (group->key < 0) {
    group->key = static_cast<int64_t>(records_.size());
    records_.push_back({seen.storage, group->begin, out.nbytes, group->dense});
  }
  out.key = static_cast<size_t>(group->key);
  out.untyped = group->mixed || has_no_storage_class(tensor.dtype());
  out.strides = gathered ? &group->strides : &tensor.strides();
  if (!gathered && !(compact_ && empty))
    out.offset = tensor.storage_offset() - static_cast<int64_t>(group->begin / size_of(tensor.dtype()));
  return out;
}

}  // namespace sconce
