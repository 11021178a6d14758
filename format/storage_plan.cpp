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
    case DType::complex32: return true;
    default: return is_bits(dtype);
  }
}

// An empty tensor lies at the beginning, wherever its offset points.
uint64_t first_byte(const Tensor& t) {
  return t.numel() == 0 ? 0 : static_cast<uint64_t>(t.storage_offset()) * size_of(t.dtype());
}

uint64_t end_byte(const Tensor& t) {
  if (t.numel() == 0) return 0;
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
  if (fresh) {
    seen.storage = tensor.storage();
    seen.dtype = tensor.dtype();
    seen.mixed = seen.storage.nbytes() % size_of(tensor.dtype()) != 0;
  }
  seen.mixed |= seen.dtype != tensor.dtype();
  if (compact_) seen.views.push_back(tensor);
}

void StoragePlan::decide() {
  for (auto& [id, seen] : seen_) {
    if (compact_)
      group_views(seen);
    else
      seen.groups.push_back({0, seen.storage.nbytes(), false, {}, {}, -1});
    seen.views.clear();
  }
}

void StoragePlan::group_views(Seen& seen) const {
  std::stable_sort(seen.views.begin(), seen.views.end(),
                   [](const Tensor& a, const Tensor& b) { return first_byte(a) < first_byte(b); });
  const Tensor* alone = nullptr;  // the only distinct view of the group
  const auto finish = [&] {
    if (alone) gather(seen, seen.groups.back(), *alone);
  };
  for (const Tensor& view : seen.views) {
    // With several dtypes every element must stay a whole number of its own size away from the beginning.
    const uint64_t begin = seen.mixed ? first_byte(view) / 16 * 16 : first_byte(view), end = end_byte(view);
    if (!seen.groups.empty() && begin < seen.groups.back().end) {
      Group& group = seen.groups.back();
      group.end = std::max(group.end, end);
      if (alone && !view.is_same_view(*alone)) alone = nullptr;
      continue;
    }
    finish();
    seen.groups.push_back({begin, end, false, {}, {}, -1});
    alone = view.numel() == 0 ? nullptr : &view;
  }
  finish();
}

void StoragePlan::gather(Seen& seen, Group& group, const Tensor& view) {
  const std::vector<size_t> order = by_stride(view);
  int64_t reached = 0;  // the last element that the dimensions so far, from the innermost, reach
  int64_t step = 1;
  Strides dense(order.size(), 0);
  std::vector<int64_t> extents(order.size());
  Strides strides(order.size());
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
  const uint64_t nbytes = static_cast<uint64_t>(step) * size_of(view.dtype());
  if (nbytes == end_byte(view) - first_byte(view)) return;
  group.gathered = true;
  group.strides = std::move(dense);
  group.dense = Tensor(seen.storage, view.dtype(), Shape(extents), strides, view.storage_offset());
}

Placement StoragePlan::place(const Tensor& tensor) {
  Seen& seen = seen_.at(tensor.storage().id());
  const auto after = std::upper_bound(seen.groups.begin(), seen.groups.end(), first_byte(tensor),
                                      [](uint64_t at, const Group& g) { return at < g.begin; });
  Group& group = *std::prev(after);
  const size_t item = size_of(tensor.dtype());
  const uint64_t size =
      group.gathered ? static_cast<uint64_t>(group.dense.nbytes()) : group.end - group.begin;
  if (group.key < 0) {
    group.key = static_cast<int64_t>(records_.size());
    records_.push_back({seen.storage, group.begin, size, group.dense});
  }
  Placement out;
  out.key = static_cast<size_t>(group.key);
  out.untyped = seen.mixed || has_no_storage_class(tensor.dtype());
  out.nbytes = size;
  out.strides = &tensor.strides();
  if (tensor.numel() == 0) {
    if (!compact_) out.offset = tensor.storage_offset();
  } else if (group.gathered) {
    out.strides = &group.strides;
  } else {
    out.offset = tensor.storage_offset() - static_cast<int64_t>(group.begin / item);
  }
  return out;
}

}  // namespace sconce
