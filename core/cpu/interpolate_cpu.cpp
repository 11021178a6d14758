// Resampling: nearest by index, bilinear as a horizontal and then a vertical weighted sum.
#include <sconce/kernel_args.h>
#include <sconce/kernels/resample.h>
#include <sconce/threads.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/cpu_backend.h"

namespace sconce {
namespace {

using namespace kernels;

// Weighted sums in C, kept in C between the passes.
template <class T, class C>
struct Floating {
  using Between = C;
  using Weight = C;
  std::vector<C> weights;
  explicit Floating(const Taps& taps) : weights(taps.weights.begin(), taps.weights.end()) {}
  static C load(T value) { return static_cast<C>(value); }
  static C load(C value) requires(!std::is_same_v<T, C>) { return value; }
  static C begin() { return 0; }
  static C end(C sum) { return sum; }
};

// u8 as PyTorch and Pillow compute it: 16-bit weights, and rounding to u8 after each pass.
struct FixedPoint {
  using Between = uint8_t;
  using Weight = int32_t;
  int precision = 0;
  std::vector<int32_t> weights;
  explicit FixedPoint(const Taps& taps)
      : precision(fixed_precision(taps)), weights(fixed_weights(taps, precision)) {}
  static int32_t load(uint8_t value) { return value; }
  int32_t begin() const { return precision > 0 ? 1 << (precision - 1) : 0; }
  uint8_t end(int32_t sum) const { return static_cast<uint8_t>(std::clamp(sum >> precision, 0, 255)); }
};

template <class T, class Arithmetic>
void bilinear(const UpsampleArgs& a, const Taps& down_taps, const Taps& across_taps) {
  using Between = typename Arithmetic::Between;
  using Sum = typename Arithmetic::Weight;
  const int64_t h = a.input.size(2), w = a.input.size(3), oh = a.out.size(2), ow = a.out.size(3);
  const Arithmetic down(down_taps), across(across_taps);
  const auto* from = static_cast<const T*>(a.input.data());
  auto* to = static_cast<T*>(a.out.mutable_data());
  const int64_t work = h * ow * across_taps.width + oh * ow * down_taps.width;
  parallel_for(0, a.out.size(0) * a.out.size(1), std::max<int64_t>(1, 20'000 / work),
               [&](int64_t begin, int64_t end) {
                 std::vector<Between> between(static_cast<size_t>(h * ow));
                 std::vector<Sum> sums(static_cast<size_t>(ow));
                 for (int64_t plane = begin; plane < end; ++plane) {
                   for (int64_t y = 0; y < h; ++y) {
                     const T* row = from + (plane * h + y) * w;
                     Between* result = between.data() + y * ow;
                     for (int64_t x = 0; x < ow; ++x) {
                       const auto i = static_cast<size_t>(x);
                       const auto* weights = across.weights.data() + x * across_taps.width;
                       Sum sum = across.begin();
                       for (int64_t j = 0; j < across_taps.count[i]; ++j)
                         sum += weights[j] * Arithmetic::load(row[across_taps.first[i] + j]);
                       result[x] = across.end(sum);
                     }
                   }
                   for (int64_t y = 0; y < oh; ++y) {
                     const auto i = static_cast<size_t>(y);
                     std::fill(sums.begin(), sums.end(), down.begin());
                     for (int64_t j = 0; j < down_taps.count[i]; ++j) {
                       const Sum weight = down.weights[static_cast<size_t>(y * down_taps.width + j)];
                       const Between* row = between.data() + (down_taps.first[i] + j) * ow;
                       for (int64_t x = 0; x < ow; ++x)
                         sums[static_cast<size_t>(x)] += weight * static_cast<Sum>(row[x]);
                     }
                     T* result = to + (plane * oh + y) * ow;
                     for (int64_t x = 0; x < ow; ++x)
                       result[x] = static_cast<T>(down.end(sums[static_cast<size_t>(x)]));
                   }
                 }
               });
}

template <class T>
void nearest(const UpsampleArgs& a) {
  using R = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const bool exact = a.mode == Resampling::nearest_exact;
  const int64_t h = a.input.size(2), w = a.input.size(3), oh = a.out.size(2), ow = a.out.size(3);
  const auto rows = nearest_indices<R>(h, oh, a.scales[0], exact),
             columns = nearest_indices<R>(w, ow, a.scales[1], exact);
  const auto* from = static_cast<const T*>(a.input.data());
  auto* to = static_cast<T*>(a.out.mutable_data());
  parallel_for(0, a.out.size(0) * a.out.size(1), std::max<int64_t>(1, 30'000 / (oh * ow)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t plane = begin; plane < end; ++plane)
                   for (int64_t y = 0; y < oh; ++y) {
                     const T* row = from + (plane * h + rows[static_cast<size_t>(y)]) * w;
                     T* result = to + (plane * oh + y) * ow;
                     for (int64_t x = 0; x < ow; ++x) result[x] = row[columns[static_cast<size_t>(x)]];
                   }
               });
}

}  // namespace

void CpuBackend::upsample2d(const UpsampleArgs& a) {
  const DType dtype = a.input.dtype();
  if (a.mode != Resampling::bilinear) {
    if (dtype == DType::u8)
      nearest<uint8_t>(a);
    else
      with_floating_type("upsample2d", dtype, [&]<class T>() { nearest<T>(a); });
    return;
  }
  const auto taps = a.antialias ? antialias_taps : linear_taps;
  const Taps down = taps(a.input.size(2), a.out.size(2), a.scales[0], a.align_corners);
  const Taps across = taps(a.input.size(3), a.out.size(3), a.scales[1], a.align_corners);
  if (dtype == DType::u8) {
    bilinear<uint8_t, FixedPoint>(a, down, across);
    return;
  }
  with_floating_type("upsample2d", dtype, [&]<class T>() {
    using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
    bilinear<T, Floating<T, C>>(a, down, across);
  });
}

}  // namespace sconce
