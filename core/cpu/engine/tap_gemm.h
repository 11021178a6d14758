// The products of one regular grid of output pixels, each the sum over the same taps into the input.
#pragma once
#include "cpu/engine/gemm_weights.h"
#include "cpu/engine/grid_rows.h"

namespace sconce::engine {

class TapGemm final : public GridProduct {
 public:
  TapGemm(GridRows rows, const PackedWeights& weights, const Fusion& fusion, const isa::Kernels& kernels);

  int64_t pieces() const override { return blocks_ * column_pieces_; }
  int64_t scratch_bytes() const override;
  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override;

 private:
  void run_panels(int64_t first, int64_t count, int64_t panel, int64_t last_panel, const Operands& operands,
                  const float** rows, float* widened) const;
  void run_panel(const float** rows, int64_t rows_pitch, int64_t count, int64_t pixel, int64_t panel,
                 const float* weights, const Operands& operands) const;
  void run_narrow(const float** rows, int64_t rows_pitch, int64_t count, int64_t pixel, int64_t panel,
                  const Operands& operands) const;
  // A panel's columns, and the call and epilogue that all its tiles share.
  struct Panel {
    int64_t channel, first;  // of all channels, of the unit's weights
    int vectors;
    isa::Epilogue epilogue;
    isa::GemmCall call;
  };
  Panel panel_at(int64_t panel, int64_t rows_pitch) const;
  void aim(Panel& panel, const float** rows, int64_t i, int64_t pixel, const Operands& operands) const;
  int64_t copies_bytes() const;

  GridRows rows_;
  PackedWeights weights_;
  isa::Activation activation_;
  bool residual_, far_weights_, few_rows_;
  int64_t residual_pitch_;
  const isa::GemmKernels* kernels_;
  int64_t block_, blocks_, panels_per_piece_, column_pieces_;
};

}  // namespace sconce::engine
