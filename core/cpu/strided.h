// Walks several tensors of one shape, each with its own strides, row by row.
#pragma once
#include <sconce/shape.h>

#include <algorithm>
#include <array>
#include <vector>

namespace sconce {

// A dimension that N tensors step through together; strides in elements.
template <size_t N>
struct Step {
  int64_t count;
  std::array<int64_t, N> strides;
};

// The dimensions of `shape`, innermost first by the first tensor's strides, those that run on into each other
// merged and those of extent 1 left out; at least one step. The shape must have elements.
template <size_t N>
std::vector<Step<N>> merged_steps(const Shape& shape, const std::array<const Strides*, N>& strides) {
  std::vector<Step<N>> steps;
  for (size_t d = 0; d < shape.extents().size(); ++d) {
    Step<N> step{shape.extents()[d], {}};
    for (size_t k = 0; k < N; ++k) step.strides[k] = (*strides[k])[d];
    if (step.count != 1) steps.push_back(step);
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step<N>& a, const Step<N>& b) { return a.strides > b.strides; });
  std::vector<Step<N>> merged;
  for (size_t i = steps.size(); i-- > 0;) {
    bool runs_on = !merged.empty();
    for (size_t k = 0; runs_on && k < N; ++k)
      runs_on = steps[i].strides[k] == merged.back().strides[k] * merged.back().count;
    if (runs_on)
      merged.back().count *= steps[i].count;
    else
      merged.push_back(steps[i]);
  }
  if (merged.empty()) {
    merged.push_back({1, {}});
    merged[0].strides.fill(1);
  }
  return merged;
}

// Calls row(offsets) for every run along the innermost step, with each tensor's offset in elements.
template <size_t N, class Row>
void for_each_row(const std::vector<Step<N>>& steps, Row&& row) {
  std::vector<int64_t> index(steps.size(), 0);
  std::array<int64_t, N> offsets{};
  while (true) {
    row(offsets);
    size_t d = 1;
    for (; d < steps.size(); ++d) {
      const bool wraps = ++index[d] == steps[d].count;
      for (size_t k = 0; k < N; ++k) offsets[k] += steps[d].strides[k] * (wraps ? 1 - steps[d].count : 1);
      if (!wraps) break;
      index[d] = 0;
    }
    if (d >= steps.size()) return;
  }
}

// An element that is only moved: its bytes.
template <size_t Size>
struct Bytes {
  std::array<std::byte, Size> bytes;
};

// Calls f.template operator()<Bytes<size>>() for the size of an element type.
template <class F>
decltype(auto) with_bytes(size_t size, F&& f) {
  switch (size) {
    case 1: return f.template operator()<Bytes<1>>();
    case 2: return f.template operator()<Bytes<2>>();
    case 4: return f.template operator()<Bytes<4>>();
    case 8: return f.template operator()<Bytes<8>>();
    default: return f.template operator()<Bytes<16>>();
  }
}

}  // namespace sconce
