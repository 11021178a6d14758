// Products of f32 matrices that are used once, by inner products: both sides are brought into tiles and panels a block at a time.
#include "cpu/products_inner.h"

#include <algorithm>

namespace sconce::eager {
namespace {

constexpr int64_t kWidth = isa::kInnerColumns, kHeight = isa::kInnerRows;
constexpr int64_t kInnerDepth = 256, kInnerPanels = 16;  // of a block, in the second-level cache
constexpr int64_t kPanelFloats = isa::inner_panel_floats(kInnerDepth);
static_assert(kInnerDepth % isa::kInnerBlock == 0 && kInnerDepth <= isa::kInnerChunk);

// Where the parts of the scratch memory lie.
struct Scratch {
  float *panels, *plain, *tile, *column_scale, *ones, *sums, *row_scale;
  bool* finite;  // of each panel

  explicit Scratch(float* p)
      : panels(p),
        plain(panels + kInnerPanels * kPanelFloats),
        tile(plain + kInnerDepth * kWidth + kWidth),
        column_scale(tile + kHeight * kInnerDepth),
        ones(column_scale + kInnerPanels * kWidth),
        sums(ones + kInnerDepth),
        row_scale(sums + 32),
        finite(reinterpret_cast<bool*>(row_scale + 32)) {}
};

// The part of the right matrix that one panel holds, [depth][16].
void plain_panel(const Product& p, int64_t k, int64_t depth, int64_t column, int64_t columns, float* to) {
  p.columns->pack(k, depth, column, columns, kWidth, to);
  for (int64_t i = 0; columns < kWidth && i < depth; ++i)
    std::fill(to + i * kWidth + columns, to + (i + 1) * kWidth, 0.F);
}

// By plain multiply-adds, because something in the panel is not finite.
void multiply_plainly(const isa::GemmKernels& gemm, const float* const* rows, int64_t count, int64_t depth,
                      const float* panel, const isa::InnerCall& inner) {
  isa::GemmCall call;
  call.k = depth;
  call.panel = panel;
  call.c_pitch = inner.c_pitch;
  call.columns = inner.columns;
  call.accumulate = inner.accumulate;
  call.epilogue = inner.epilogue;
  for (int64_t i = 0; i < count;) {
    const int64_t height = std::min<int64_t>(count - i, gemm.rows[1]);
    call.rows = rows + i;
    call.c = inner.c + i * inner.c_pitch;
    gemm.tile[1][height](call);
    i += height;
  }
}

}  // namespace

bool inner_is_faster(const isa::Kernels& kernels, int64_t m, int64_t k, int64_t n) {
  return kernels.inner && m >= 64 && k >= 64 && n >= 64;
}

int64_t inner_scratch_floats() {
  return kInnerPanels * (kPanelFloats + kWidth) + kInnerDepth * (kWidth + kHeight + 1) + kWidth + 64 +
         kInnerPanels;
}

void multiply_part_inner(const Product& p, int64_t row, int64_t rows, int64_t column, int64_t columns,
                         const isa::Kernels& kernels, float* scratch) {
  const Scratch s(scratch);
  const isa::InnerKernels& inner = *kernels.inner;
  std::fill_n(s.ones, kInnerDepth, 1.F);
  const int64_t panels = (columns + kWidth - 1) / kWidth;
  const auto columns_of = [&](int64_t i) { return std::min(columns - i * kWidth, kWidth); };
  isa::Epilogue epilogue;
  isa::InnerRowsCall in{};
  in.channel_scale = s.ones, in.x = s.tile, in.sums = s.sums, in.row_scale = s.row_scale;
  isa::InnerCall call{};
  call.x = s.tile, call.sums = s.sums, call.row_scale = s.row_scale, call.c_pitch = p.c_pitch;
  for (int64_t k = 0; k < p.k; k += kInnerDepth) {
    const int64_t depth = std::min(kInnerDepth, p.k - k);
    call.k = (depth + isa::kInnerBlock - 1) / isa::kInnerBlock * isa::kInnerBlock;
    for (int64_t i = 0; i < panels; ++i) {
      plain_panel(p, k, depth, column + i * kWidth, columns_of(i), s.plain);
      s.finite[i] = inner.pack(s.plain, depth, call.k, nullptr, s.column_scale + i * kWidth,
                               s.panels + i * kPanelFloats);
    }
    call.accumulate = k > 0 || p.start;
    for (int64_t first = row; first < row + rows; first += kHeight) {
      const float* pointers[kHeight];
      in.rows = pointers, in.k = depth, in.count = std::min(kHeight, row + rows - first);
      for (int64_t r = 0; r < in.count; ++r) pointers[r] = p.a + (first + r) * p.a_pitch + k;
      const bool finite = inner.rows(in);
      for (int64_t i = 0; i < panels; ++i) {
        const int64_t at = column + i * kWidth;
        call.columns = columns_of(i);
        epilogue.bias = p.bias ? p.bias + at : nullptr;
        call.epilogue = k + depth == p.k && p.bias ? &epilogue : nullptr;
        call.panel = s.panels + i * kPanelFloats;
        call.column_scale = s.column_scale + i * kWidth;
        call.c = p.c + first * p.c_pitch + at;
        for (int64_t r = 0; k == 0 && p.start && r < in.count; ++r)
          std::fill_n(call.c + r * p.c_pitch, call.columns, p.start[first + r]);
        if (!s.finite[i]) {
          plain_panel(p, k, depth, at, call.columns, s.plain);
          multiply_plainly(*kernels.gemm, pointers, in.count, depth, s.plain, call);
        } else if (finite) {
          inner.tile[in.count](call);
        } else {
          for (int r = 0; r < in.count; ++r) inner.plain_row(call, r, static_cast<int>(in.count));
        }
      }
    }
  }
}

}  // namespace sconce::eager
