// Pooling: the windows are worked out once, as spans of rows and columns.
#include "cpu/engine/pooling.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cpu/engine/parts.h"
#include "cpu/isa/vision.h"

namespace sconce::engine {
namespace {

constexpr double kPieceLoads = 2e5;
constexpr int64_t kLine = 16;

using Spans = std::vector<isa::PoolSpan>;

// What lies inside the image of each window along one direction; `size` counts what a mean divides by.
Spans window_spans(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation,
                   bool count_pad) {
  Spans spans;
  for (int64_t i = 0; i < out; ++i) {
    const int64_t start = i * stride - pad, past = start + (kernel - 1) * dilation + 1;
    const int64_t first = start < 0 ? start + ceil_div(-start, dilation) * dilation : start,
                  end = std::min(past, in);
    const int64_t size = count_pad ? std::min(past, in + pad) - start : end - first;
    spans.push_back({static_cast<int32_t>(first), static_cast<int32_t>(end), static_cast<int32_t>(size)});
  }
  return spans;
}

Spans adaptive_spans(int64_t in, int64_t out) {
  Spans spans;
  for (int64_t i = 0; i < out; ++i) {
    const int64_t begin = i * in / out, end = ceil_div((i + 1) * in, out);
    spans.push_back(
        {static_cast<int32_t>(begin), static_cast<int32_t>(end), static_cast<int32_t>(end - begin)});
  }
  return spans;
}

class Pooling final : public Operator {
 public:
  struct Windows {
    Spans rows, columns;
    int64_t row_step = 1, column_step = 1, divisor = 0;
  };

  Pooling(const Image& x, const Image& y, Windows windows, bool largest, const isa::Kernels& kernels)
      : x_(x), y_(y), windows_(std::move(windows)), largest_(largest), kernels_(kernels) {
    const double row_loads = flops() / static_cast<double>(std::max<int64_t>(y.n * y.h, 1));
    groups_ = pieces_of(row_loads, kPieceLoads, y.c / (2 * kLine));
    rows_ = groups_ > 1 ? 1
                        : std::clamp<int64_t>(static_cast<int64_t>(kPieceLoads / std::max(row_loads, 1.0)), 1,
                                              y.n * y.h);
  }

  int64_t pieces() const override { return ceil_div(y_.n * y_.h, rows_) * groups_; }

  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t lines = ceil_div(y_.c, kLine), group = piece % groups_, first = piece / groups_ * rows_;
      const int64_t c = part_begin(lines, groups_, group) * kLine;
      isa::PoolCall call{};
      call.x_row = x_.w * x_.pitch;
      call.x_pitch = x_.pitch;
      call.columns = windows_.columns.data();
      call.row_step = static_cast<int32_t>(windows_.row_step);
      call.column_step = static_cast<int32_t>(windows_.column_step);
      call.y_pitch = y_.pitch;
      call.count = y_.w;
      call.channels = std::min(part_begin(lines, groups_, group + 1) * kLine, y_.c) - c;
      call.divisor = static_cast<float>(windows_.divisor);
      for (int64_t row = first; row < std::min(first + rows_, y_.n * y_.h); ++row) {
        call.x = operands.in(0) + row / y_.h * x_.h * call.x_row + c;
        call.rows = windows_.rows[static_cast<size_t>(row % y_.h)];
        call.y = operands.out(0) + row * y_.w * y_.pitch + c;
        (largest_ ? kernels_.vision->max_pool : kernels_.vision->mean_pool)(call);
      }
    }
  }

  std::string algorithm() const override {
    return std::string(largest_ ? "max pool " : "mean pool ") + kernels_.name;
  }
  double flops() const override {
    double rows = 0, columns = 0;
    for (const auto& s : windows_.rows)
      rows += static_cast<double>(ceil_div(s.end - s.begin, windows_.row_step));
    for (const auto& s : windows_.columns)
      columns += static_cast<double>(ceil_div(s.end - s.begin, windows_.column_step));
    return rows * columns * static_cast<double>(y_.n * y_.c);
  }
  double bytes() const override { return 4.0 * static_cast<double>(x_.rows() * x_.c + y_.rows() * y_.c); }

 private:
  Image x_, y_;
  Windows windows_;
  bool largest_;
  const isa::Kernels& kernels_;
  int64_t groups_ = 1, rows_ = 1;
};

Pooling::Windows windows_of(const Image& x, const Image& y, const Window& w, bool count_pad) {
  return {window_spans(x.h, y.h, w.kernel_h, w.stride_h, w.pad_h, w.dilation_h, count_pad),
          window_spans(x.w, y.w, w.kernel_w, w.stride_w, w.pad_w, w.dilation_w, count_pad), w.dilation_h,
          w.dilation_w, 0};
}

}  // namespace

std::unique_ptr<Operator> make_max_pool(const Image& x, const Image& y, const Window& window,
                                        const isa::Kernels& kernels) {
  return std::make_unique<Pooling>(x, y, windows_of(x, y, window, false), true, kernels);
}

std::unique_ptr<Operator> make_avg_pool(const Image& x, const Image& y, const Window& window,
                                        bool count_include_pad, int64_t divisor,
                                        const isa::Kernels& kernels) {
  Pooling::Windows windows = windows_of(x, y, window, count_include_pad);
  windows.divisor = divisor;
  return std::make_unique<Pooling>(x, y, std::move(windows), false, kernels);
}

std::unique_ptr<Operator> make_adaptive_avg_pool(const Image& x, const Image& y,
                                                 const isa::Kernels& kernels) {
  return std::make_unique<Pooling>(x, y, Pooling::Windows{adaptive_spans(x.h, y.h), adaptive_spans(x.w, y.w)},
                                   false, kernels);
}

std::unique_ptr<Operator> make_adaptive_max_pool(const Image& x, const Image& y,
                                                 const isa::Kernels& kernels) {
  return std::make_unique<Pooling>(x, y, Pooling::Windows{adaptive_spans(x.h, y.h), adaptive_spans(x.w, y.w)},
                                   true, kernels);
}

}  // namespace sconce::engine
