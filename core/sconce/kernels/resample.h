// Which input pixels make an output pixel when images are resampled, and with what weights: for every backend, on the host.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace sconce::kernels {

// Input pixels for each output pixel. R is float, as PyTorch has it for all dtypes but f64.
template <class R>
R step_of(int64_t in, int64_t out, double factor) {
  return factor > 0 ? static_cast<R>(1.0 / factor) : static_cast<R>(in) / static_cast<R>(out);
}

template <class R>
std::vector<int64_t> nearest_indices(int64_t in, int64_t out, double factor, bool exact) {
  const R step = step_of<R>(in, out, factor);
  std::vector<int64_t> indices(static_cast<size_t>(out));
  for (int64_t i = 0; i < out; ++i) {
    const R at = exact ? step * (static_cast<R>(i) + R(0.5)) : step * static_cast<R>(i);
    const R inside = std::min(std::max(std::floor(at), R(0)), static_cast<R>(in - 1));
    indices[static_cast<size_t>(i)] = static_cast<int64_t>(inside);
  }
  return indices;
}

// For each output index the first input index and its weights, `width` apart.
struct Taps {
  int64_t width = 0;
  std::vector<int64_t> first, count;
  std::vector<double> weights;
};

inline Taps linear_taps(int64_t in, int64_t out, double factor, bool align_corners) {
  const double step = align_corners
                          ? (out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0)
                          : step_of<double>(in, out, factor);
  Taps taps;
  taps.width = 2;
  for (int64_t i = 0; i < out; ++i) {
    const auto place = static_cast<double>(i);
    double at = align_corners ? step * place : std::max(step * (place + 0.5) - 0.5, 0.0);
    at = std::min(at, static_cast<double>(in - 1));
    const auto first = static_cast<int64_t>(at);
    const double part = at - static_cast<double>(first);
    taps.first.push_back(first);
    taps.count.push_back(first + 1 < in ? 2 : 1);
    taps.weights.push_back(1 - part);
    taps.weights.push_back(part);
  }
  return taps;
}

// A triangle as wide as the step where the image shrinks. align_corners only changes the step, as in PyTorch.
inline Taps antialias_taps(int64_t in, int64_t out, double factor, bool align_corners) {
  const double step = align_corners
                          ? (out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0)
                          : step_of<double>(in, out, factor);
  const double support = std::max(step, 1.0);
  Taps taps;
  taps.width = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  for (int64_t i = 0; i < out; ++i) {
    const double center = step * (static_cast<double>(i) + 0.5);
    const int64_t first = std::clamp<int64_t>(static_cast<int64_t>(center - support + 0.5), 0, in);
    const int64_t last = std::min<int64_t>(static_cast<int64_t>(center + support + 0.5), in);
    const int64_t count = std::clamp<int64_t>(last - first, 0, taps.width);
    double total = 0;
    const size_t begin = taps.weights.size();
    for (int64_t j = 0; j < taps.width; ++j) {
      const double distance = std::abs((static_cast<double>(j + first) - center + 0.5) / support);
      const double weight = j < count && distance < 1 ? 1 - distance : 0;
      taps.weights.push_back(weight);
      total += weight;
    }
    if (total != 0)
      for (size_t j = begin; j < taps.weights.size(); ++j) taps.weights[j] /= total;
    taps.first.push_back(first);
    taps.count.push_back(count);
  }
  return taps;
}

// The weights as whole numbers, for u8: as many bits as keep the largest within 15.
inline int fixed_precision(const Taps& taps) {
  const double largest =
      taps.weights.empty() ? 0 : *std::max_element(taps.weights.begin(), taps.weights.end());
  int precision = 0;
  while (precision < 22 && static_cast<int>(0.5 + largest * (1 << (precision + 1))) < (1 << 15)) ++precision;
  return precision;
}

inline std::vector<int32_t> fixed_weights(const Taps& taps, int precision) {
  std::vector<int32_t> weights;
  for (double w : taps.weights)
    weights.push_back(static_cast<int32_t>((w < 0 ? -0.5 : 0.5) + w * (1 << precision)));
  return weights;
}

}  // namespace sconce::kernels
