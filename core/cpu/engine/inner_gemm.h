// The products of a grid's rows by inner products.
#pragma once
#include "cpu/engine/grid_rows.h"
#include "cpu/engine/inner_weights.h"

namespace sconce::engine {

class InnerGemm final : public GridProduct {
 public:
  // The grid must be flat. `bias` is of all channels, or null.
  InnerGemm(GridRows rows, const InnerWeights& weights, const float* bias, const Fusion& fusion,
            const isa::Kernels& kernels);

  int64_t pieces() const override { return blocks_ * column_pieces_; }
  int64_t scratch_bytes() const override;
  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override;

 private:
  struct Scratch;
  Scratch scratch_at(void* scratch) const;
  void bring_in(int64_t first, int64_t count, const Operands& operands, const Scratch& s) const;
  void multiply(int64_t first, int64_t count, int64_t panel, const Operands& operands,
                const Scratch& s) const;

  GridRows rows_;
  InnerWeights weights_;
  const float* bias_;
  isa::Activation activation_;
  bool residual_;
  int64_t residual_pitch_;
  const isa::InnerKernels* kernels_;
  int64_t block_, blocks_, panels_per_piece_, column_pieces_;
};

}  // namespace sconce::engine
