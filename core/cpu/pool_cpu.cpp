// Pooling, plane by plane.
#include <sconce/kernel_args.h>
#include <sconce/kernels/binary.h>
#include <sconce/threads.h>

#include <algorithm>
#include <cmath>

#include "cpu/cpu_backend.h"
#include "cpu/pool_f32.h"

namespace sconce {
namespace {

// What a window's elements are compared and summed in: small floats as float, sums of float as double.
template <class T>
using Compared = std::conditional_t<std::is_arithmetic_v<T>, T, float>;
template <class T>
using Summed = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, double>;

// Some of the input's rows or columns: begin, begin + step, ... below end.
struct Range {
  int64_t begin, end, step;
};

// The first position inside the image of a window that begins at `start`, and the end of what lies inside.
Range clipped(int64_t start, int64_t kernel, int64_t dilation, int64_t extent) {
  const int64_t end = std::min(start + (kernel - 1) * dilation + 1, extent);
  if (start < 0) start += (-start + dilation - 1) / dilation * dilation;
  return {start, end, dilation};
}

Range adaptive(int64_t i, int64_t in, int64_t out) {
  return {i / out * in + i % out * in / out, ((i + 1) * in + out - 1) / out, 1};
}

// The largest element; the last NaN, and else the first of equals, as PyTorch.
template <class T>
int64_t find_largest(const T* plane, int64_t width, const Range& rows, const Range& columns) {
  int64_t best = rows.begin * width + columns.begin;
  auto largest = static_cast<Compared<T>>(plane[best]);
  for (int64_t y = rows.begin; y < rows.end; y += rows.step)
    for (int64_t x = columns.begin; x < columns.end; x += columns.step) {
      const auto value = static_cast<Compared<T>>(plane[y * width + x]);
      if (value > largest || value != value) largest = value, best = y * width + x;
    }
  return best;
}

template <class T>
Summed<T> sum(const T* plane, int64_t width, const Range& rows, const Range& columns) {
  Summed<T> total = 0;
  for (int64_t y = rows.begin; y < rows.end; ++y)
    for (int64_t x = columns.begin; x < columns.end; ++x)
      total += static_cast<Summed<T>>(static_cast<Compared<T>>(plane[y * width + x]));
  return total;
}

template <class T>
T quotient(Summed<T> total, int64_t divisor) {
  if constexpr (std::is_same_v<T, int64_t>)
    return kernels::DivTrunc()(static_cast<int64_t>(total), divisor);
  else
    return static_cast<T>(static_cast<Compared<T>>(total / static_cast<double>(divisor)));
}

// Calls f(input plane, plane index) for every image and channel.
template <class T, class F>
void for_each_plane(const Tensor& input, const Tensor& out, F f) {
  const int64_t planes = out.size(0) * out.size(1), size = input.size(2) * input.size(3);
  const auto* from = static_cast<const T*>(input.data());
  const int64_t work = std::max<int64_t>(1, std::max(size, out.size(2) * out.size(3)));
  parallel_for(0, planes, std::max<int64_t>(1, 20'000 / work), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(from + i * size, i);
  });
}

// The same, down to output pixels: f(input plane, row, column) gives the index of the largest element in the
// plane.
template <class T, class F>
void write_largest(const Tensor& input, Tensor& out, Tensor& indices, F f) {
  const int64_t oh = out.size(2), ow = out.size(3);
  auto* values = static_cast<T*>(out.mutable_data());
  auto* where = indices.defined() ? indices.mutable_data<int64_t>() : nullptr;
  for_each_plane<T>(input, out, [&](const T* plane, int64_t i) {
    for (int64_t oy = 0; oy < oh; ++oy)
      for (int64_t ox = 0; ox < ow; ++ox) {
        const int64_t best = f(plane, oy, ox), at = (i * oh + oy) * ow + ox;
        values[at] = plane[best];
        if (where) where[at] = best;
      }
  });
}

}  // namespace

void CpuBackend::max_pool2d(const MaxPoolArgs& a) {
  if (a.input.dtype() == DType::f32 && !a.indices.defined()) return eager::max_pool2d(a);
  const int64_t h = a.input.size(2), w = a.input.size(3);
  with_real_type("max_pool2d", a.input.dtype(), [&]<class T>() {
    write_largest<T>(a.input, a.out, a.indices, [&](const T* plane, int64_t oy, int64_t ox) {
      return find_largest(plane, w, clipped(oy * a.stride[0] - a.padding[0], a.kernel[0], a.dilation[0], h),
                          clipped(ox * a.stride[1] - a.padding[1], a.kernel[1], a.dilation[1], w));
    });
  });
}

void CpuBackend::adaptive_pool2d(const AdaptivePoolArgs& a) {
  const int64_t h = a.input.size(2), w = a.input.size(3), oh = a.out.size(2), ow = a.out.size(3);
  with_floating_type("adaptive_pool2d", a.input.dtype(), [&]<class T>() {
    if (a.largest) {
      write_largest<T>(a.input, a.out, a.indices, [&](const T* plane, int64_t oy, int64_t ox) {
        return find_largest(plane, w, adaptive(oy, h, oh), adaptive(ox, w, ow));
      });
      return;
    }
    auto* out = static_cast<T*>(a.out.mutable_data());
    for_each_plane<T>(a.input, a.out, [&](const T* plane, int64_t i) {
      for (int64_t oy = 0; oy < oh; ++oy)
        for (int64_t ox = 0; ox < ow; ++ox) {
          const Range rows = adaptive(oy, h, oh), columns = adaptive(ox, w, ow);
          const int64_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
          out[(i * oh + oy) * ow + ox] = quotient<T>(sum(plane, w, rows, columns), count);
        }
    });
  });
}

void CpuBackend::avg_pool2d(const AvgPoolArgs& a) {
  const int64_t h = a.input.size(2), w = a.input.size(3), oh = a.out.size(2), ow = a.out.size(3);
  const auto run = [&]<class T>() {
    auto* out = static_cast<T*>(a.out.mutable_data());
    for_each_plane<T>(a.input, a.out, [&](const T* plane, int64_t i) {
      for (int64_t oy = 0; oy < oh; ++oy)
        for (int64_t ox = 0; ox < ow; ++ox) {
          const int64_t y = oy * a.stride[0] - a.padding[0], x = ox * a.stride[1] - a.padding[1];
          // The padding counts as far as it goes; what ceil_mode adds beyond it does not.
          const int64_t padded = (std::min(y + a.kernel[0], h + a.padding[0]) - y) *
                                 (std::min(x + a.kernel[1], w + a.padding[1]) - x);
          const Range rows = clipped(y, a.kernel[0], 1, h), columns = clipped(x, a.kernel[1], 1, w);
          T& result = out[(i * oh + oy) * ow + ox];
          if (rows.begin >= rows.end || columns.begin >= columns.end) {
            result = T{};
            continue;
          }
          const int64_t inside = (rows.end - rows.begin) * (columns.end - columns.begin);
          result = quotient<T>(sum(plane, w, rows, columns), a.divisor != 0        ? a.divisor
                                                             : a.count_include_pad ? padded
                                                                                   : inside);
        }
    });
  };
  if (a.input.dtype() == DType::i64)
    run.template operator()<int64_t>();
  else
    with_floating_type("avg_pool2d", a.input.dtype(), run);
}

}  // namespace sconce
