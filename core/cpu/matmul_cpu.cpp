// Batched matrix products with a bias.
#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>
#include <sconce/threads.h>

#include <algorithm>

#include "cpu/cpu_backend.h"
#include "cpu/gemm.h"
#include "cpu/matmul_f32.h"

namespace sconce {
namespace {

using namespace cpu_kernels;

template <class W>
W scalar_as(const Scalar& s) {
  if constexpr (std::is_integral_v<W>)
    return static_cast<W>(s.to_int64());
  else if constexpr (std::is_floating_point_v<W>)
    return static_cast<W>(s.to_double());
  else
    return W(s.to_complex());
}

// Where batch element `index` of a tensor [batch..., rows, columns] begins, in elements from its data().
int64_t batch_offset(const Tensor& t, int64_t index) {
  int64_t offset = 0;
  for (int64_t d = t.dim() - 3; d >= 0; --d) {
    offset += index % t.size(d) * t.stride(d);
    index /= t.size(d);
  }
  return offset;
}

template <class W>
Matrix<W> matrix(const Tensor& t, int64_t index) {
  return {static_cast<const W*>(t.data()) + batch_offset(t, index), t.size(-2), t.size(-1), t.stride(-2),
          t.stride(-1)};
}

// out = alpha * out + beta * bias over a tile.
template <class W>
void add_bias(W* out, int64_t out_step, const Matrix<W>& bias, W alpha, W beta) {
  for (int64_t i = 0; i < bias.rows; ++i, out += out_step) {
    const W* from = bias.data + i * bias.row_step;
    for (int64_t j = 0; j < bias.columns; ++j) out[j] = alpha * out[j] + beta * from[j * bias.column_step];
  }
}

template <class W>
void run(const MatmulArgs& args) {
  const int64_t m = args.out.size(-2), n = args.out.size(-1), k = args.lhs.size(-1);
  const int64_t tile_rows = even_piece(m, 128, 12), tile_columns = even_piece(n, 256, 16);
  const int64_t down = (m + tile_rows - 1) / tile_rows, across = (n + tile_columns - 1) / tile_columns;
  const int64_t batches = args.out.numel() / (m * n);
  const W alpha = scalar_as<W>(args.alpha), beta = scalar_as<W>(args.beta);
  const bool with_bias = args.bias.defined() && beta != W(0);
  W* const results = static_cast<W*>(args.out.mutable_data());
  const int64_t work = std::max<int64_t>(1, tile_rows * tile_columns * k);
  parallel_for(
      0, batches * down * across, std::max<int64_t>(1, 50'000 / work), [&](int64_t begin, int64_t end) {
        for (int64_t tile = begin; tile < end; ++tile) {
          const int64_t batch = tile / (down * across);
          const int64_t row = tile / across % down * tile_rows, column = tile % across * tile_columns;
          const int64_t rows = std::min(tile_rows, m - row), columns = std::min(tile_columns, n - column);
          W* out = results + (batch * m + row) * n + column;
          gemm(matrix<W>(args.lhs, batch).block(row, 0, rows, k),
               matrix<W>(args.rhs, batch).block(0, column, k, columns), out, n);
          if (with_bias)
            add_bias(out, n, matrix<W>(args.bias, batch).block(row, column, rows, columns), alpha, beta);
          else if (alpha != W(1))
            for (int64_t i = 0; i < rows; ++i)
              for (int64_t j = 0; j < columns; ++j) out[i * n + j] *= alpha;
        }
      });
}

// A batch that is shared through strides of 0 is converted once.
Tensor converted(const Tensor& t, DType dtype) {
  if (!t.defined() || t.dtype() == dtype) return t;
  Tensor small = t;
  for (int64_t d = 0; d < t.dim(); ++d)
    if (t.stride(d) == 0 && t.size(d) > 1) small = small.slice(d, 0, 1);
  return small.to(dtype).expand(t.shape().extents());
}

}  // namespace

void CpuBackend::matmul(const MatmulArgs& args) {
  if (args.out.numel() == 0) return;
  const DType dtype = args.out.dtype(), work = work_dtype(dtype);
  if (dtype == DType::f32) return eager::matmul(args);
  if (work == dtype) {
    with_work_type("matmul", work, [&]<class W>() { run<W>(args); });
    return;
  }
  Tensor wide = empty(args.out.shape(), work);
  const Tensor lhs = converted(args.lhs, work), rhs = converted(args.rhs, work),
               bias = converted(args.bias, work);
  matmul({lhs, rhs, bias, args.beta, args.alpha, wide});
  copy(wide, args.out);
}

}  // namespace sconce
