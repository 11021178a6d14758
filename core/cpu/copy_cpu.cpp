// Strided copies and casts.
#include <sconce/tensor.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "cpu/cast.h"
#include "cpu/cpu_backend.h"

namespace sconce {
namespace {

// A dimension that both sides step through; strides in elements.
struct Step {
  int64_t count, target, source;
};

// The dimensions of a copy, innermost (smallest target stride) first, those that run on into each other
// merged.
std::vector<Step> merged_steps(const Tensor& source, const Tensor& target) {
  std::vector<Step> steps;
  for (size_t d = 0; d < source.strides().size(); ++d)
    if (const int64_t n = source.shape().extents()[d]; n != 1)
      steps.push_back({n, target.strides()[d], source.strides()[d]});
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    return a.target != b.target ? a.target > b.target : a.source > b.source;
  });
  std::vector<Step> merged;
  for (size_t i = steps.size(); i-- > 0;) {
    const Step& s = steps[i];
    if (!merged.empty() && s.target == merged.back().target * merged.back().count &&
        s.source == merged.back().source * merged.back().count)
      merged.back().count *= s.count;
    else
      merged.push_back(s);
  }
  if (merged.empty()) merged.push_back({1, 1, 1});
  return merged;
}

// Calls row(target_offset, source_offset) for every run along the innermost step.
template <class Row>
void for_each_row(const std::vector<Step>& steps, Row&& row) {
  std::vector<int64_t> index(steps.size(), 0);
  int64_t to = 0, from = 0;
  while (true) {
    row(to, from);
    size_t d = 1;
    for (; d < steps.size(); ++d) {
      to += steps[d].target, from += steps[d].source;
      if (++index[d] < steps[d].count) break;
      index[d] = 0;
      to -= steps[d].target * steps[d].count, from -= steps[d].source * steps[d].count;
    }
    if (d >= steps.size()) return;
  }
}

// Element types without arithmetic, by size: what two tensors of one dtype are copied as.
template <size_t Size>
struct Bytes {
  std::array<std::byte, Size> bytes;
};

template <class To, class From>
To convert(const From& value) {
  if constexpr (std::is_same_v<To, From>)
    return value;
  else
    return cast_to<To>(value);
}

template <class To, class From>
void copy_rows(const std::vector<Step>& steps, const void* source, void* target) {
  const auto* from_base = static_cast<const From*>(source);
  auto* to_base = static_cast<To*>(target);
  const Step inner = steps[0];
  for_each_row(steps, [&](int64_t to_offset, int64_t from_offset) {
    To* to = to_base + to_offset;
    const From* from = from_base + from_offset;
    if (inner.target == 1 && inner.source == 1) {
      if constexpr (std::is_same_v<To, From>)
        std::memcpy(to, from, static_cast<size_t>(inner.count) * sizeof(To));
      else
        for (int64_t i = 0; i < inner.count; ++i) to[i] = convert<To>(from[i]);
    } else if (inner.target == 1 && inner.source == 0) {
      const To value = convert<To>(*from);
      std::fill_n(to, inner.count, value);
    } else {
      for (int64_t i = 0; i < inner.count; ++i) to[i * inner.target] = convert<To>(from[i * inner.source]);
    }
  });
}

void copy_bytes(const std::vector<Step>& steps, size_t size, const void* source, void* target) {
  switch (size) {
    case 1: return copy_rows<Bytes<1>, Bytes<1>>(steps, source, target);
    case 2: return copy_rows<Bytes<2>, Bytes<2>>(steps, source, target);
    case 4: return copy_rows<Bytes<4>, Bytes<4>>(steps, source, target);
    case 8: return copy_rows<Bytes<8>, Bytes<8>>(steps, source, target);
    default: return copy_rows<Bytes<16>, Bytes<16>>(steps, source, target);
  }
}

}  // namespace

void CpuBackend::copy(const Tensor& source, Tensor& target) {
  if (source.numel() == 0) return;
  const std::vector<Step> steps = merged_steps(source, target);
  const void* from = source.data();
  void* to = target.mutable_data();
  if (source.dtype() == target.dtype()) return copy_bytes(steps, size_of(source.dtype()), from, to);
  with_type("copy", source.dtype(), [&]<class From>() {
    with_type("copy", target.dtype(), [&]<class To>() {
      if constexpr (!std::is_same_v<To, From>) copy_rows<To, From>(steps, from, to);
    });
  });
}

}  // namespace sconce
