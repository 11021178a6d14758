// Where the taps of a grid of output pixels read their input.
#pragma once
#include <vector>

#include "cpu/engine/convolution.h"
#include "cpu/isa/gemm.h"

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

// Rows of the matrix that is multiplied with the weights, one a grid pixel: pointers into the input where its channels can be read as they
// are, and into copies where not.
class GridRows {
 public:
  // `gathered`: the taps' channels are copied side by side first, and the product is over all of them at once: for few channels.
  GridRows(TapGrid grid, bool gathered, const Prologue& prologue, const isa::GemmKernels& kernels,
           Packs& packs);

  const TapGrid& grid() const { return grid_; }
  int64_t count() const { return m_; }
  // Whether rows are written to output pixels one behind the other.
  bool flat() const { return flat_; }
  // Pointers for each row, and floats behind each.
  int64_t taps() const { return gathered_ ? 1 : static_cast<int64_t>(grid_.taps.size()); }
  int64_t k() const { return gathered_ ? grid_.in.c * static_cast<int64_t>(grid_.taps.size()) : grid_.in.c; }
  // Floats from copy to copy; 0: nothing is copied.
  int64_t copy_pitch() const { return copy_pitch_; }

  // The output pixel of row m.
  int64_t pixel(int64_t m) const;
  // rows[t * count + i] for tap t of row first + i; `copies` is room for count * copy_pitch() + 16 floats.
  void find(int64_t first, int64_t count, const Operands& operands, float* copies, const float** rows) const;

 private:
  struct Place {  // of a grid pixel
    int64_t image, z, y, x;
  };
  struct Run {  // of taps that read neighbours in memory
    int64_t first, taps;
  };
  Place place(int64_t m) const;
  void find_rows(int64_t first, int64_t count, const float* x, const float** rows) const;
  void gather(int64_t first, int64_t count, const float* x, float* copies, const float** rows) const;
  void apply_prologue(int64_t first, int64_t count, const Operands& operands, float* copies,
                      const float** rows) const;

  TapGrid grid_;
  std::vector<Run> runs_;
  bool gathered_, flat_;
  Prologue::Kind prologue_;
  int64_t image_scale_pitch_;
  isa::RowPrologue row_prologue_;
  const isa::GemmKernels* kernels_;
  std::vector<float> zeros_;
  int64_t m_, copy_pitch_;
};

// The product of a grid's rows with weights, in pieces as an Operator has them.
class GridProduct {
 public:
  virtual ~GridProduct() = default;
  virtual int64_t pieces() const = 0;
  virtual int64_t scratch_bytes() const = 0;
  virtual void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const = 0;
};

}  // namespace sconce::engine
