// Where the taps of a grid of output pixels read their input.
#include "cpu/engine/grid_rows.h"

#include <algorithm>

#include "cpu/engine/gemm_weights.h"

namespace sconce::engine {
namespace {

// Towards minus infinity.
int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

}  // namespace

GridRows::GridRows(TapGrid grid, bool gathered, const Prologue& prologue, const isa::GemmKernels& kernels,
                   Packs& packs)
    : grid_(std::move(grid)),
      gathered_(gathered),
      prologue_(prologue.kind),
      image_scale_pitch_(prologue.image_scale_pitch),
      kernels_(&kernels),
      zeros_(static_cast<size_t>(grid_.in.c + 16), 0.f) {
  const TapGrid::Point &size = grid_.size, &out_step = grid_.out_step;
  m_ = grid_.batch * size.z * size.y * size.x;
  flat_ = out_step.z == 1 && out_step.y == 1 && out_step.x == 1 && size.z == grid_.out_depth &&
          size.y == grid_.out.h && size.x == grid_.out.w;
  if (prologue_ != Prologue::Kind::none) {
    row_prologue_.scale = pack_row(prologue.scale, grid_.in.c, packs);
    row_prologue_.shift = pack_row(prologue.shift, grid_.in.c, packs);
    row_prologue_.relu = prologue.relu;
  }
  for (int64_t t = 0; gathered_ && t < static_cast<int64_t>(grid_.taps.size()); ++t) {
    const TapGrid::Point& tap = grid_.taps[static_cast<size_t>(t)];
    if (t > 0) {
      const TapGrid::Point& last = grid_.taps[static_cast<size_t>(t - 1)];
      if (tap.z == last.z && tap.y == last.y && tap.x == last.x + 1) {
        ++runs_.back().taps;
        continue;
      }
    }
    runs_.push_back({t, 1});
  }
  copy_pitch_ = gathered_ || prologue_ != Prologue::Kind::none ? padded_pitch(k() + 15) : 0;
}

int64_t GridRows::pixel(int64_t m) const {
  const Place at = place(m);
  const int64_t z = at.z * grid_.out_step.z + grid_.out_first.z,
                y = at.y * grid_.out_step.y + grid_.out_first.y,
                x = at.x * grid_.out_step.x + grid_.out_first.x;
  return ((at.image * grid_.out_depth + z) * grid_.out.h + y) * grid_.out.w + x;
}

void GridRows::find(int64_t first, int64_t count, const Operands& operands, float* copies,
                    const float** rows) const {
  if (gathered_)
    gather(first, count, operands.in(0), copies, rows);
  else
    find_rows(first, count, operands.in(0), rows);
  if (prologue_ != Prologue::Kind::none) apply_prologue(first, count, operands, copies, rows);
}

GridRows::Place GridRows::place(int64_t m) const {
  Place p;
  p.x = m % grid_.size.x;
  m /= grid_.size.x;
  p.y = m % grid_.size.y;
  m /= grid_.size.y;
  p.z = m % grid_.size.z;
  p.image = m / grid_.size.z;
  return p;
}

void GridRows::find_rows(int64_t first, int64_t count, const float* x, const float** rows) const {
  const Image& in = grid_.in;
  const float* zeros = zeros_.data();
  for (int64_t done = 0; done < count;) {
    const Place p = place(first + done);
    const int64_t length = std::min(grid_.size.x - p.x, count - done);
    const float** row = rows + done;
    for (const TapGrid::Point& tap : grid_.taps) {
      const int64_t z = p.z * grid_.step.z + tap.z, y = p.y * grid_.step.y + tap.y,
                    left = p.x * grid_.step.x + tap.x;
      if (z < 0 || z >= grid_.in_depth || y < 0 || y >= in.h) {
        std::fill_n(row, length, zeros);
      } else {
        const int64_t lo = std::clamp<int64_t>(-floor_div(left, grid_.step.x), 0, length);
        const int64_t hi = std::clamp<int64_t>(-floor_div(left - in.w, grid_.step.x), lo, length);
        std::fill_n(row, lo, zeros);
        const float* pixel = x + (((p.image * grid_.in_depth + z) * in.h + y) * in.w + left) * in.pitch;
        const int64_t distance = grid_.step.x * in.pitch;
        for (int64_t i = lo; i < hi; ++i) row[i] = pixel + i * distance;
        std::fill_n(row + hi, length - hi, zeros);
      }
      row += count;
    }
    done += length;
  }
}

// Copies what all taps see side by side, a run of taps that are neighbours in memory at a time. Copies may spill over into the next run,
// which comes later.
void GridRows::gather(int64_t first, int64_t count, const float* x, float* copies, const float** rows) const {
  const Image& in = grid_.in;
  for (int64_t i = 0; i < count; ++i) rows[i] = copies + i * copy_pitch_;
  for (int64_t done = 0; done < count;) {
    const Place p = place(first + done);
    const int64_t length = std::min(grid_.size.x - p.x, count - done);
    for (const Run& run : runs_) {
      const TapGrid::Point& tap = grid_.taps[static_cast<size_t>(run.first)];
      const int64_t z = p.z * grid_.step.z + tap.z, y = p.y * grid_.step.y + tap.y,
                    left = p.x * grid_.step.x + tap.x;
      float* to = copies + done * copy_pitch_ + run.first * in.c;
      if (z < 0 || z >= grid_.in_depth || y < 0 || y >= in.h) {
        for (int64_t i = 0; i < length; ++i) std::fill_n(to + i * copy_pitch_, run.taps * in.c, 0.f);
        continue;
      }
      const float* pixel = x + (((p.image * grid_.in_depth + z) * in.h + y) * in.w + left) * in.pitch;
      const auto one = [&](int64_t i) {
        for (int64_t j = 0; j < run.taps; ++j) {
          const int64_t at = left + i * grid_.step.x + j;
          float* pixel_to = to + i * copy_pitch_ + j * in.c;
          if (at >= 0 && at < in.w)
            std::copy_n(pixel + (i * grid_.step.x + j) * in.pitch, in.c, pixel_to);
          else
            std::fill_n(pixel_to, in.c, 0.f);
        }
      };
      // Those that see the whole run lie side by side.
      const int64_t lo = std::clamp<int64_t>(-floor_div(left, grid_.step.x), 0, length);
      const int64_t hi =
          in.pitch == in.c || run.taps == 1
              ? std::clamp<int64_t>(-floor_div(left + run.taps - 1 - in.w, grid_.step.x), lo, length)
              : lo;
      for (int64_t i = 0; i < lo; ++i) one(i);
      if (lo < hi)
        kernels_->copy(pixel + lo * grid_.step.x * in.pitch, grid_.step.x * in.pitch, run.taps * in.c,
                       hi - lo, to + lo * copy_pitch_, copy_pitch_);
      for (int64_t i = hi; i < length; ++i) one(i);
    }
    done += length;
  }
}

void GridRows::apply_prologue(int64_t first, int64_t count, const Operands& operands, float* copies,
                              const float** rows) const {
  const int64_t per_image = m_ / grid_.batch;
  isa::RowPrologue prologue = row_prologue_;
  for (int64_t i = 0; i < count; ++i) {
    if (prologue_ == Prologue::Kind::image_scale)
      prologue.scale = operands.in(2) + (first + i) / per_image * image_scale_pitch_;
    float* y = copies + i * copy_pitch_;
    kernels_->prologue(prologue, rows[i], grid_.in.c, y);
    rows[i] = y;
  }
}

}  // namespace sconce::engine
