// Products of two activations.
#include "cpu/engine/matmul.h"

#include <sconce/error.h>

#include <algorithm>

namespace sconce::engine {
namespace {

constexpr int64_t kRowsAtOnce = 512;

// A piece is some panels of one product: it packs them one after the other, and multiplies all rows with each.
class Matmul final : public Operator {
 public:
  Matmul(const MatmulGeometry& geometry, isa::Activation activation, const isa::Kernels& kernels)
      : g_(geometry), activation_(activation), kernels_(*kernels.gemm), panels_(kernels_.panels_for(g_.n)) {
    algorithm_ = concat("gemm ", kernels_.rows[kernels_.vectors], "x", kernels_.width(), " of activations ",
                        kernels.name);
    // Worth about 60 microseconds.
    const int64_t panel = std::max<int64_t>((g_.m + 4) * g_.k * kernels_.width(), 1);
    panels_per_piece_ = std::clamp<int64_t>(3'000'000 / panel, 1, panels_);
    pieces_per_product_ = (panels_ + panels_per_piece_ - 1) / panels_per_piece_;
  }

  int64_t pieces() const override { return g_.outer * g_.batch * pieces_per_product_; }
  int64_t scratch_bytes() const override { return most_floats() * 4 + 64 + std::min(g_.m, kRowsAtOnce) * 8; }

  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t product = piece / pieces_per_product_, outer = product / g_.batch,
                    batch = product % g_.batch;
      const float* a = operands.in(0) + outer * g_.a_outer + batch * g_.a_batch;
      const float* b = operands.in(1) + outer * g_.b_outer + batch * g_.b_batch;
      float* c = operands.out(0) + outer * g_.c_outer + batch * g_.c_batch;
      const int64_t first = piece % pieces_per_product_ * panels_per_piece_;
      for (int64_t p = first; p < std::min(first + panels_per_piece_, panels_); ++p)
        multiply(a, b, c, p, scratch);
    }
  }

  std::string algorithm() const override { return algorithm_; }
  double flops() const override {
    return 2.0 * static_cast<double>(g_.outer * g_.batch * g_.m * g_.k) * static_cast<double>(g_.n);
  }
  double bytes() const override {
    return 4.0 * static_cast<double>(g_.outer * g_.batch * (g_.m * g_.k + g_.k * g_.n + g_.m * g_.n));
  }

 private:
  int64_t most_floats() const { return g_.k * kernels_.widest * kernels_.vector; }  // of a panel

  void multiply(const float* a, const float* b, float* c, int64_t p, void* scratch) const {
    const int64_t column = p * kernels_.width(), columns = kernels_.columns_of(p, g_.n);
    const int vectors = kernels_.vectors_of(p, g_.n);
    const int64_t width = vectors * kernels_.vector;
    auto* panel = static_cast<float*>(scratch);
    auto* rows = reinterpret_cast<const float**>(panel + most_floats() + 16);
    if (g_.b_transposed)
      kernels_.pack(b + column * g_.b_pitch, g_.b_pitch, columns, nullptr, nullptr, g_.k, 1, width, panel);
    else
      kernels_.pack_rows(b + column, g_.b_pitch, g_.k, columns, width, panel);
    isa::Epilogue epilogue;
    epilogue.activation = activation_;
    isa::GemmCall call;
    call.rows = rows;
    call.k = g_.k;
    call.panel = panel;
    call.c_pitch = g_.c_pitch;
    call.columns = columns;
    call.epilogue = &epilogue;
    for (int64_t first = 0; first < g_.m; first += kRowsAtOnce) {
      const int64_t count = std::min(g_.m - first, kRowsAtOnce),
                    tiles = (count + kernels_.rows[vectors] - 1) / kernels_.rows[vectors];
      for (int64_t i = 0; i < count; ++i) rows[i] = a + (first + i) * g_.a_pitch;
      for (int64_t t = 0, i = 0; t < tiles; ++t) {
        const int64_t r = (count - i + tiles - t - 1) / (tiles - t);
        call.rows = rows + i;
        call.c = c + (first + i) * g_.c_pitch + column;
        kernels_.tile[vectors][r](call);
        i += r;
      }
    }
  }

  MatmulGeometry g_;
  isa::Activation activation_;
  const isa::GemmKernels& kernels_;
  int64_t panels_, panels_per_piece_ = 1, pieces_per_product_ = 1;
  std::string algorithm_;
};

}  // namespace

std::unique_ptr<Operator> make_matmul(const MatmulGeometry& g, isa::Activation activation,
                                      const isa::Kernels& kernels) {
  check(g.outer > 0 && g.batch > 0 && g.m > 0 && g.k > 0 && g.n > 0, "[matmul] expected something to do");
  check(g.a_pitch >= g.k && g.b_pitch >= (g.b_transposed ? g.k : g.n) && g.c_pitch >= g.n,
        "[matmul] expected rows that do not overlap");
  return std::make_unique<Matmul>(g, activation, kernels);
}

}  // namespace sconce::engine
