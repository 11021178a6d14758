// Planes with their padding around them, and with each of `stride` x `stride` phases of pixels apart: so that what a tap of a window sees from
// neighbouring outputs are neighbours in memory.
#pragma once
#include <sconce/kernel_args.h>

#include <cstdint>
#include <vector>

namespace sconce::eager {

// A window on planes [h][w], from which there are oh x ow outputs.
struct PlaneWindow {
  int64_t h, w, oh, ow;
  Pair kernel, stride, padding, dilation;

  // Whether each output is its own tap.
  bool is_pointwise() const {
    return kernel == Pair{1, 1} && stride == Pair{1, 1} && padding == Pair{0, 0} && oh == h && ow == w;
  }
};

class PaddedPlanes {
 public:
  explicit PaddedPlanes(const PlaneWindow& window);

  // Of one plane. Reading a vector behind the last is allowed where there are slack() floats more.
  int64_t floats() const { return static_cast<int64_t>(phases_.size()) * phase_; }
  static constexpr int64_t slack() { return 32; }
  // From output (y, x) to (y, x + 1) it is one float, to (y + 1, x) so many.
  int64_t row() const { return row_; }
  // Where tap (ky, kx) of output (0, 0) lies; taps are numbered row by row.
  const std::vector<int64_t>& taps() const { return taps_; }
  // All outputs of a plane as one stretch, with row() - ow meaningless ones between the rows.
  int64_t outputs() const { return (w_.oh - 1) * row_ + w_.ow; }

  void fill(const float* plane, float around, float* to) const;

 private:
  struct Phase {
    int64_t y, x;
  };
  PlaneWindow w_;
  int64_t row_ = 0, rows_ = 0, phase_ = 0;
  std::vector<Phase> phases_;  // those that a tap sees
  std::vector<int64_t> taps_;
};

}  // namespace sconce::eager
