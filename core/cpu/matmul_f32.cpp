// A few rows multiply the right matrix where it lies; more of them make packing it worth while.
#include "cpu/matmul_f32.h"

#include <sconce/threads.h>

#include <algorithm>
#include <vector>

#include "cpu/isa/gemm.h"
#include "cpu/isa/planes.h"
#include "cpu/isa_choice.h"
#include "cpu/products.h"

namespace sconce::eager {
namespace {

// Where batch element `index` of a tensor [batch..., rows, columns] begins.
const float* matrix_of(const Tensor& t, int64_t index) {
  const auto* data = t.data<float>();
  for (int64_t d = t.dim() - 3; d >= 0; --d) {
    data += index % t.size(d) * t.stride(d);
    index /= t.size(d);
  }
  return data;
}

// Rows, or columns, whose elements are neighbours.
bool has_rows(const Tensor& t) { return t.size(-1) == 1 || t.stride(-1) == 1; }
bool has_columns(const Tensor& t) { return t.size(-2) == 1 || t.stride(-2) == 1; }

// The matrix itself, [k][n] or, transposed, [n][k].
class Matrix final : public Columns {
 public:
  Matrix(const float* first, int64_t pitch, bool transposed)
      : first_(first), pitch_(pitch), transposed_(transposed), gemm_(*best_kernels().gemm) {}
  void pack(int64_t k, int64_t count, int64_t column, int64_t columns, int64_t width,
            float* panel) const override {
    if (transposed_)
      gemm_.pack(first_ + column * pitch_ + k, pitch_, columns, nullptr, nullptr, count, 1, width, panel);
    else
      gemm_.pack_rows(first_ + k * pitch_ + column, pitch_, count, columns, width, panel);
  }

 private:
  const float* first_;
  int64_t pitch_;
  bool transposed_;
  const isa::GemmKernels& gemm_;
};

// out = alpha * out + beta * bias for some rows and columns.
void add_bias(const MatmulArgs& a, int64_t batch, int64_t row, int64_t rows, int64_t column,
              int64_t columns) {
  const float alpha = static_cast<float>(a.alpha.to_double()), beta = static_cast<float>(a.beta.to_double());
  const int64_t m = a.out.size(-2), n = a.out.size(-1);
  float* out = a.out.mutable_data<float>() + (batch * m + row) * n + column;
  const bool adds = a.bias.defined() && beta != 0;
  const int64_t row_step = adds ? a.bias.stride(-2) : 0, step = adds ? a.bias.stride(-1) : 0;
  const float* bias = adds ? matrix_of(a.bias, batch) + row * row_step + column * step : nullptr;
  for (int64_t i = 0; i < rows; ++i, out += n, bias += row_step)
    for (int64_t j = 0; j < columns; ++j)
      out[j] = adds ? alpha * out[j] + beta * bias[j * step] : alpha * out[j];
}

class Batches final : public Products {
 public:
  Batches(const MatmulArgs& args, const Tensor& lhs, const Tensor& rhs)
      : args_(args), lhs_(lhs), m_(args.out.size(-2)), k_(lhs.size(-1)), n_(args.out.size(-1)) {
    count_ = args.out.numel() / (m_ * n_);
    transposed_ = !has_rows(rhs);
    const int64_t pitch = rhs.stride(transposed_ ? -1 : -2);
    for (int64_t i = 0; i < count_; ++i) right_.emplace_back(matrix_of(rhs, i), pitch, transposed_);
    const double beta = args.bias.defined() ? args.beta.to_double() : 0;
    // A bias for all rows is added to sums that are still in registers.
    const bool plain = args.alpha.to_double() == 1;
    if (plain && beta == 1 && args.bias.stride(-2) == 0 && args.bias.stride(-1) == 1 && count_ == 1) {
      row_.assign(static_cast<size_t>(n_ + 64), 0.F);
      std::copy_n(matrix_of(args.bias, 0), n_, row_.begin());
    } else {
      finishes_ = !plain || beta != 0;
    }
  }

  Product product(int64_t i) const override {
    return {.m = m_,
            .k = k_,
            .n = n_,
            .a = matrix_of(lhs_, i),
            .a_pitch = lhs_.stride(-2),
            .columns = &right_[static_cast<size_t>(i)],
            .bias = row_.empty() ? nullptr : row_.data(),
            .c = args_.out.mutable_data<float>() + i * m_ * n_,
            .c_pitch = n_};
  }
  void finish(int64_t i, int64_t row, int64_t rows, int64_t column, int64_t columns) const override {
    if (finishes_) add_bias(args_, i, row, rows, column, columns);
  }
  void run() const { multiply_all(*this, count_, m_, k_, n_); }

 private:
  const MatmulArgs& args_;
  const Tensor& lhs_;
  int64_t m_, k_, n_, count_ = 0;
  bool transposed_ = false, finishes_ = false;
  std::vector<Matrix> right_;
  std::vector<float> row_;
};

void multiply_few(const MatmulArgs& args, const Tensor& lhs, const Tensor& rhs) {
  const isa::PlanesKernels& planes = *best_kernels().planes;
  const int64_t m = args.out.size(-2), n = args.out.size(-1), k = lhs.size(-1),
                count = args.out.numel() / (m * n);
  const bool by_rows = has_columns(rhs);  // of the transposed matrix
  const int64_t pitch = rhs.stride(by_rows ? -1 : -2);
  const bool finishes = args.alpha.to_double() != 1 || (args.bias.defined() && args.beta.to_double() != 0);
  constexpr int64_t strip = 64;  // of columns, for any number of threads
  const int64_t strips = (n + strip - 1) / strip;
  auto* out = args.out.mutable_data<float>();
  parallel_for(0, count * strips, std::max<int64_t>(1, 100'000 / (m * k * strip)),
               [&](int64_t begin, int64_t end) {
                 // Neighbouring strips of one matrix are one stretch.
                 while (begin < end) {
                   const int64_t batch = begin / strips, first = begin % strips,
                                 last = std::min(strips, first + end - begin);
                   const int64_t column = first * strip, columns = std::min(n, last * strip) - column;
                   isa::FewRowsCall call{};
                   call.a = matrix_of(lhs, batch), call.a_pitch = lhs.stride(-2), call.rows = m, call.k = k;
                   call.b = matrix_of(rhs, batch) + column * (by_rows ? pitch : 1), call.b_pitch = pitch,
                   call.columns = columns;
                   call.c = out + batch * m * n + column, call.c_pitch = n;
                   by_rows ? planes.few_by_rows(call) : planes.few_by_columns(call);
                   if (finishes) add_bias(args, batch, 0, m, column, columns);
                   begin += last - first;
                 }
               });
}

}  // namespace

void matmul(const MatmulArgs& args) {
  const Tensor lhs = has_rows(args.lhs) ? args.lhs : args.lhs.contiguous();
  const Tensor rhs = has_rows(args.rhs) || has_columns(args.rhs) ? args.rhs : args.rhs.contiguous();
  if (lhs.size(-1) == 0) {
    std::fill_n(args.out.mutable_data<float>(), args.out.numel(), 0.F);
    for (int64_t i = 0, m = args.out.size(-2), n = args.out.size(-1); i < args.out.numel() / (m * n); ++i)
      add_bias(args, i, 0, m, 0, n);
  } else if (args.out.size(-2) <= isa::kFewRows) {
    multiply_few(args, lhs, rhs);
  } else {
    Batches(args, lhs, rhs).run();
  }
}

}  // namespace sconce::eager
