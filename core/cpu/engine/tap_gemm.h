// The products of one regular grid of output pixels, each the sum over the same taps into the input.
#pragma once
#include <string>
#include <vector>

#include "cpu/engine/convolution.h"
#include "cpu/engine/gemm_weights.h"

namespace sconce::engine {

// Grid pixel (image, z, y, x) reads input pixel (z, y, x) * step + tap for each tap, and is written to output pixel (z, y, x) * out_step +
// out_first. An ordinary convolution is one grid that covers the output; a transposed one is a grid for each of stride * stride phases.
struct TapGrid {
  struct Point {
    int64_t z = 0, y = 0, x = 0;
  };
  Image in, out;
  int64_t batch = 1, in_depth = 1, out_depth = 1;
  Point size, step{1, 1, 1}, out_first, out_step{1, 1, 1};
  std::vector<Point> taps;
};

class TapGemm {
 public:
  // `gathered`: the taps' channels are copied side by side first, and the product is over all of them at once: for few channels.
  TapGemm(TapGrid grid, const PackedWeights& weights, const Fusion& fusion, const Prologue& prologue,
          bool gathered, const isa::Kernels& kernels, Packs& packs);

  int64_t pieces() const { return blocks_ * column_pieces_; }
  int64_t scratch_bytes() const;
  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const;

 private:
  struct Place;  // of a grid pixel
  struct Run {   // of taps that read neighbours in memory
    int64_t first, taps;
  };
  Place place(int64_t m) const;
  void find_rows(int64_t first, int64_t count, const float* x, const float** rows) const;
  void gather(int64_t first, int64_t count, const float* x, float* copies, const float** rows) const;
  void apply_prologue(int64_t first, int64_t count, const Operands& operands, float* copies,
                      const float** rows) const;
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

  TapGrid grid_;
  std::vector<Run> runs_;
  PackedWeights weights_;
  isa::Activation activation_;
  bool residual_, gathered_, flat_, far_weights_, few_rows_;
  int64_t residual_pitch_;
  Prologue::Kind prologue_;
  int64_t image_scale_pitch_;
  isa::RowPrologue row_prologue_;
  const isa::GemmKernels* kernels_;
  std::vector<float> zeros_;
  int64_t m_, block_, blocks_, panels_per_piece_, column_pieces_;
  int64_t row_floats_, copy_pitch_;  // of a row's copy
};

}  // namespace sconce::engine
