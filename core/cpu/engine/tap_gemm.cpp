// The products of one regular grid of output pixels, each the sum over the same taps into the input.
#include "cpu/engine/tap_gemm.h"

#include <algorithm>

#include "cpu/engine/parts.h"

namespace sconce::engine {
namespace {

int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
// Towards minus infinity.
int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -ceil_div(-a, b); }

// Rows and weights that are used again should stay in the second-level cache, half of which is this.
constexpr int64_t kNear = 256 << 10;

}  // namespace

struct TapGemm::Place {
  int64_t image, z, y, x;
};

TapGemm::TapGemm(TapGrid grid, const PackedWeights& weights, const Fusion& fusion, const Prologue& prologue,
                 bool gathered, const isa::Kernels& kernels, Packs& packs)
    : grid_(std::move(grid)),
      weights_(weights),
      activation_(fusion.activation),
      residual_(fusion.residual),
      gathered_(gathered),
      far_weights_(weights.bytes() > kNear),
      residual_pitch_(fusion.residual_pitch),
      prologue_(prologue.kind),
      image_scale_pitch_(prologue.image_scale_pitch),
      kernels_(kernels.gemm),
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
  row_floats_ = gathered_ ? weights_.k : prologue_ != Prologue::Kind::none ? grid_.in.c : 0;
  copy_pitch_ = row_floats_ ? padded_pitch(row_floats_ + 15) : 0;

  // Blocks of rows times groups of panels, each worth about 60 microseconds, at about 50 multiplications and 15 bytes from afar per ns.
  const int64_t depth = weights_.taps * weights_.k;
  const auto nanoseconds = [&](int64_t rows, int64_t panels) {
    const double products = static_cast<double>(rows * panels * kernels_->width() * depth);
    const double bytes = static_cast<double>(panels * kernels_->width() * depth) *
                         static_cast<double>(isa::size_of(weights_.stored));
    return std::max(products / 50, far_weights_ ? bytes / 15 : 0.0);
  };
  constexpr double kPiece = 60e3;
  const int64_t all_panels = weights_.units * weights_.panels,
                tile = kernels_->rows[kernels_->vectors_of(0, weights_.n)];
  const int64_t row_bytes = 4 * (row_floats_ ? copy_pitch_ : grid_.in.c * grid_.step.x * grid_.step.y);
  int64_t most = std::max<int64_t>(kNear / 2 / row_bytes, 4 * tile);
  most =
      std::min(most, std::max<int64_t>(8192 / std::max<int64_t>(static_cast<int64_t>(grid_.taps.size()), 1),
                                       4 * tile));  // 64 KiB of pointers
  if (!far_weights_ || row_floats_)  // all panels in a piece, so that rows are found (and copied) once
    while (most > 4 * tile && nanoseconds(most, all_panels) > kPiece) most = std::max(most / 2, 4 * tile);
  const int64_t unit = flat_ ? tile : size.x;
  block_ = round_up(ceil_div(m_, ceil_div(m_, std::min(round_up(most, unit), m_))), unit);
  blocks_ = ceil_div(m_, block_);
  few_rows_ = flat_ && m_ <= isa::kNarrowRows;
  panels_per_piece_ = all_panels;
  while (panels_per_piece_ > 1 && nanoseconds(std::min(block_, m_), panels_per_piece_) > kPiece)
    panels_per_piece_ = ceil_div(panels_per_piece_, 2);
  column_pieces_ = ceil_div(all_panels, panels_per_piece_);
}

int64_t TapGemm::copies_bytes() const { return row_floats_ ? block_ * copy_pitch_ * 4 + 64 : 0; }

int64_t TapGemm::scratch_bytes() const {
  const int64_t pointers = round_up(block_ * static_cast<int64_t>(gathered_ ? 1 : grid_.taps.size()) * 8, 64);
  const bool widened = weights_.stored != isa::Stored::f32 && !few_rows_;
  const int64_t panel = kernels_->widest * kernels_->vector * weights_.taps * weights_.k * 4 + 64;
  return pointers + copies_bytes() + (widened ? panel : 0);
}

TapGemm::Place TapGemm::place(int64_t m) const {
  Place p;
  p.x = m % grid_.size.x;
  m /= grid_.size.x;
  p.y = m % grid_.size.y;
  m /= grid_.size.y;
  p.z = m % grid_.size.z;
  p.image = m / grid_.size.z;
  return p;
}

// rows[t * count + i]: what tap t of grid pixel first + i sees.
void TapGemm::find_rows(int64_t first, int64_t count, const float* x, const float** rows) const {
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
void TapGemm::gather(int64_t first, int64_t count, const float* x, float* copies, const float** rows) const {
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

void TapGemm::apply_prologue(int64_t first, int64_t count, const Operands& operands, float* copies,
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

void TapGemm::run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const {
  const auto taps = static_cast<int64_t>(gathered_ ? 1 : grid_.taps.size());
  auto* rows = static_cast<const float**>(scratch);
  auto* copies = reinterpret_cast<float*>(static_cast<char*>(scratch) + round_up(block_ * taps * 8, 64));
  auto* widened = copies + copies_bytes() / 4;
  int64_t ready = -1;  // the block whose rows are found
  for (int64_t piece = begin; piece < end; ++piece) {
    const int64_t block = piece / column_pieces_, first = block * block_,
                  count = std::min(block_, m_ - first);
    if (block != ready) {
      if (gathered_)
        gather(first, count, operands.in(0), copies, rows);
      else
        find_rows(first, count, operands.in(0), rows);
      if (prologue_ != Prologue::Kind::none) apply_prologue(first, count, operands, copies, rows);
      ready = block;
    }
    const int64_t panel = piece % column_pieces_ * panels_per_piece_;
    const int64_t last = std::min(panel + panels_per_piece_, weights_.units * weights_.panels);
    run_panels(first, count, panel, last, operands, rows, widened);
  }
}

void TapGemm::run_panels(int64_t first, int64_t count, int64_t panel, int64_t last, const Operands& operands,
                         const float** rows, float* widened) const {
  for (; panel < last; ++panel) {
    if (few_rows_ && weights_.stored != isa::Stored::f32) {
      run_narrow(rows, count, count, first, panel, operands);
      continue;
    }
    const Panel p = panel_at(panel, count);
    const auto* weights = static_cast<const float*>(p.call.panel);
    if (weights_.stored != isa::Stored::f32) {
      kernels_->of(weights_.stored)
          .widen(p.call.panel, p.call.scale, weights_.taps * weights_.k, p.vectors * kernels_->vector,
                 widened);
      weights = widened;
    }
    if (flat_) {
      run_panel(rows, count, count, first, panel, weights, operands);
      continue;
    }
    for (int64_t i = 0; i < count;
         i += grid_.size.x) {  // a row of the grid at a time: the distance between its pixels is constant
      const Place at = place(first + i);
      const int64_t z = at.z * grid_.out_step.z + grid_.out_first.z,
                    y = at.y * grid_.out_step.y + grid_.out_first.y;
      const int64_t pixel =
          ((at.image * grid_.out_depth + z) * grid_.out.h + y) * grid_.out.w + grid_.out_first.x;
      run_panel(rows + i, count, grid_.size.x, pixel, panel, weights, operands);
    }
  }
}

TapGemm::Panel TapGemm::panel_at(int64_t panel, int64_t rows_pitch) const {
  const int64_t unit = panel / weights_.panels, in_unit = panel % weights_.panels,
                first_column = in_unit * kernels_->width();
  Panel p;
  p.channel = unit * weights_.n + first_column;
  p.first = unit * weights_.unit_floats + first_column * weights_.taps * weights_.k;
  p.vectors = kernels_->vectors_of(in_unit, weights_.n);
  p.epilogue.bias = weights_.bias ? weights_.bias + p.channel : nullptr;
  p.epilogue.activation = activation_;
  p.epilogue.residual_pitch = residual_pitch_ * grid_.out_step.x;
  p.call.rows_pitch = rows_pitch;
  p.call.offset = unit * weights_.k;
  p.call.taps = weights_.taps;
  p.call.k = weights_.k;
  p.call.panel = static_cast<const char*>(weights_.data) + p.first * isa::size_of(weights_.stored);
  p.call.scale = weights_.scale ? weights_.scale + p.channel : nullptr;
  p.call.c_pitch = grid_.out.pitch * grid_.out_step.x;
  p.call.columns = kernels_->columns_of(in_unit, weights_.n);
  return p;
}

// At row i of `count` that are written to pixel, pixel + out_step.x, ...
void TapGemm::aim(Panel& p, const float** rows, int64_t i, int64_t pixel, const Operands& operands) const {
  const int64_t at = pixel + i * grid_.out_step.x;
  p.call.rows = rows + i;
  p.call.c = operands.out(0) + at * grid_.out.pitch + p.channel;
  if (residual_) p.epilogue.residual = operands.in(1) + at * residual_pitch_ + p.channel;
}

// Few rows times one panel of narrow weights.
void TapGemm::run_narrow(const float** rows, int64_t rows_pitch, int64_t count, int64_t pixel, int64_t panel,
                         const Operands& operands) const {
  Panel p = panel_at(panel, rows_pitch);
  p.call.epilogue = &p.epilogue;
  aim(p, rows, 0, pixel, operands);
  kernels_->of(weights_.stored).tile[p.vectors][count](p.call);
}

// `count` rows that are written to pixel, pixel + out_step.x, ..., times one panel, whose weights are f32 here.
void TapGemm::run_panel(const float** rows, int64_t rows_pitch, int64_t count, int64_t pixel, int64_t panel,
                        const float* weights, const Operands& operands) const {
  Panel p = panel_at(panel, rows_pitch);
  isa::GemmCall& call = p.call;
  const int64_t depth = weights_.taps * weights_.k, tiles = ceil_div(count, kernels_->rows[p.vectors]),
                width = p.vectors * kernels_->vector;
  // A panel that several tiles read should stay near them: a very long one is taken in parts, whose sums wait in the output. (Not with a residual,
  // which may lie there too.)
  const bool in_parts = weights_.taps == 1 && tiles > 1 && !residual_ && width * depth * 4 > 2 * kNear;
  const int64_t parts = in_parts ? ceil_div(weights_.k, 1024) : 1;
  for (int64_t part = 0, k = 0; part < parts; ++part) {
    const int64_t length = parts == 1 ? weights_.k : ceil_div(weights_.k - k, parts - part);
    call.k = length;
    call.epilogue = part + 1 == parts ? &p.epilogue : nullptr;
    call.accumulate = part > 0;
    call.panel = weights;
    const int64_t panel_bytes = width * length * weights_.taps * 4;
    for (int64_t t = 0, i = 0; t < tiles; ++t) {
      const int64_t r = ceil_div(count - i, tiles - t);
      aim(p, rows, i, pixel, operands);
      if (far_weights_ && tiles > 1 &&
          weights_.stored == isa::Stored::f32) {  // the tiles of this panel fetch the next one between them
        call.prefetch = reinterpret_cast<const char*>(weights) + panel_bytes + panel_bytes * t / tiles;
        call.prefetch_step = std::max<int64_t>(std::min<int64_t>(width * 4, 64) / tiles, 1);
      }
      kernels_->tile[p.vectors][r](call);
      i += r;
    }
    k += length;
    call.offset += length;
    weights += length * width;
  }
}

}  // namespace sconce::engine
