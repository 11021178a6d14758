#include "cpu/products.h"

#include <sconce/ops/create.h>
#include <sconce/threads.h>

#include <algorithm>

#include "cpu/isa/gemm.h"
#include "cpu/isa_choice.h"
#include "cpu/products_inner.h"

namespace sconce::eager {
namespace {

constexpr int64_t kDepth = 256;    // of a packed block: a panel of it fits into the first-level cache
constexpr int64_t kColumns = 256;  // at most so many columns of it, in the second-level cache
constexpr int64_t kRows = 24;      // are multiplied with one panel before the next
constexpr int64_t kRowPitch =
    kDepth + 16;  // of their copies, which do not fall into the same few sets of a cache

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

int64_t columns_together(const isa::GemmKernels& kernels) {
  return std::max<int64_t>(kColumns / kernels.width(), 1) * kernels.width();
}

int64_t scratch_floats(const isa::GemmKernels& kernels) {
  return kRows * kRowPitch + kDepth * (columns_together(kernels) + int64_t{kernels.widest} * kernels.vector) +
         64;
}

void multiply_part(const Product& p, int64_t row, int64_t rows, int64_t column, int64_t columns,
                   const isa::GemmKernels& kernels, float* scratch) {
  const float* pointers[kRows];
  for (int64_t i = 0; i < kRows; ++i) pointers[i] = scratch + i * kRowPitch;
  float* const packed = scratch + kRows * kRowPitch;
  isa::Epilogue epilogue;
  isa::GemmCall call;
  call.rows = pointers;
  call.c_pitch = p.c_pitch;
  const int64_t parts = ceil_div(p.k, kDepth), panels = kernels.panels_for(columns);
  for (int64_t part = 0, k = 0; part < parts; ++part) {
    const int64_t depth = ceil_div(p.k - k, parts - part);
    float* panel = packed;
    for (int64_t i = 0; i < panels; ++i) {
      const int64_t width = int64_t{kernels.vectors_of(i, columns)} * kernels.vector;
      p.columns->pack(k, depth, column + i * kernels.width(), kernels.columns_of(i, columns), width, panel);
      panel += depth * width;
    }
    call.k = depth;
    call.accumulate = part > 0 || p.start;
    for (int64_t first = row; first < row + rows; first += kRows) {
      const int64_t height = std::min(kRows, row + rows - first);
      kernels.pack_rows(p.a + first * p.a_pitch + k, p.a_pitch, height, depth, kRowPitch, scratch);
      const float* panel = packed;
      for (int64_t i = 0; i < panels; ++i) {
        const int vectors = kernels.vectors_of(i, columns);
        const int64_t at = column + i * kernels.width();
        call.columns = kernels.columns_of(i, columns);
        epilogue.bias = p.bias ? p.bias + at : nullptr;
        call.epilogue = part + 1 == parts && p.bias ? &epilogue : nullptr;
        float* c = p.c + first * p.c_pitch + at;
        for (int64_t r = 0; part == 0 && p.start && r < height; ++r)
          std::fill_n(c + r * p.c_pitch, call.columns, p.start[first + r]);
        call.panel = panel;
        const int64_t tiles = ceil_div(height, kernels.rows[vectors]);
        for (int64_t t = 0, r = 0; t < tiles; ++t) {
          const int64_t tile = ceil_div(height - r, tiles - t);
          call.rows = pointers + r;
          call.c = c + r * p.c_pitch;
          kernels.tile[vectors][tile](call);
          r += tile;
        }
        panel += depth * vectors * kernels.vector;
      }
    }
    k += depth;
  }
}

void multiply_all(const Products& products, int64_t count, int64_t m, int64_t k, int64_t n) {
  const isa::GemmKernels& gemm = *best_kernels().gemm;
  const bool inner = inner_is_faster(best_kernels(), m, k, n);
  const int64_t rows_together = inner ? kInnerRowsTogether : kRows;
  // Even groups of columns.
  const int64_t groups = ceil_div(n, columns_together(gemm));
  const int64_t together = ceil_div(ceil_div(n, groups), gemm.width()) * gemm.width();
  // Rows are divided where there would be too few pieces for all threads, and packed columns are used for several tiles still.
  const int64_t wanted = num_threads() > 1 ? 3 * int64_t{num_threads()} : 1;
  const int64_t splits =
      std::clamp<int64_t>(ceil_div(wanted, count * groups), 1, ceil_div(m, 2 * rows_together));
  const int64_t split = ceil_div(ceil_div(m, splits), rows_together) * rows_together;
  const int64_t pieces = ceil_div(m, split);
  const int64_t work = std::max<int64_t>(std::min(split, m) * k * std::min(together, n), 1);
  parallel_for(0, count * groups * pieces, std::max<int64_t>(1, 500'000 / work),
               [&](int64_t begin, int64_t end) {
                 Tensor scratch = empty({inner ? inner_scratch_floats() : scratch_floats(gemm)}, DType::f32);
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t index = i / (groups * pieces), column = i / pieces % groups * together,
                                 row = i % pieces * split;
                   const int64_t rows = std::min(split, m - row), columns = std::min(together, n - column);
                   if (rows <= 0 || columns <= 0) continue;
                   if (inner)
                     multiply_part_inner(products.product(index), row, rows, column, columns, best_kernels(),
                                         scratch.mutable_data<float>());
                   else
                     multiply_part(products.product(index), row, rows, column, columns, gemm,
                                   scratch.mutable_data<float>());
                   products.finish(index, row, rows, column, columns);
                 }
               });
}

}  // namespace sconce::eager
