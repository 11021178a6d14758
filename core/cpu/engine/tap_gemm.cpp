// The products of one regular grid of output pixels, each the sum over the same taps into the input.
#include "cpu/engine/tap_gemm.h"

#include <algorithm>

#include "cpu/engine/parts.h"

namespace sconce::engine {
namespace {

int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Rows and weights that are used again should stay in the second-level cache, half of which is this.
constexpr int64_t kNear = 256 << 10;

}  // namespace

TapGemm::TapGemm(GridRows rows, const PackedWeights& weights, const Fusion& fusion,
                 const isa::Kernels& kernels)
    : rows_(std::move(rows)),
      weights_(weights),
      activation_(fusion.activation),
      residual_(fusion.residual),
      far_weights_(weights.bytes() > kNear),
      residual_pitch_(fusion.residual_pitch),
      kernels_(kernels.gemm) {
  const TapGrid& grid = rows_.grid();
  const int64_t m = rows_.count(), taps = rows_.taps();
  // Blocks of rows times groups of panels, each worth about 25 microseconds, at about 50 multiplications and 15 bytes from afar per ns.
  const int64_t depth = weights_.taps * weights_.k;
  const auto nanoseconds = [&](int64_t rows, int64_t panels) {
    const double products = static_cast<double>(rows * panels * kernels_->width() * depth);
    const double bytes = static_cast<double>(panels * kernels_->width() * depth) *
                         static_cast<double>(isa::size_of(weights_.stored));
    return std::max(products / 50, far_weights_ ? bytes / 15 : 0.0);
  };
  constexpr double kPiece = 25e3;
  const int64_t all_panels = weights_.units * weights_.panels,
                tile = kernels_->rows[kernels_->vectors_of(0, weights_.n)];
  const int64_t row_bytes =
      4 * (rows_.copy_pitch() ? rows_.copy_pitch() : grid.in.c * grid.step.x * grid.step.y);
  int64_t most = std::max<int64_t>(kNear / 2 / row_bytes, 4 * tile);
  most =
      std::min(most, std::max<int64_t>(8192 / std::max<int64_t>(taps, 1), 4 * tile));  // 64 KiB of pointers
  if (!far_weights_ || rows_.copy_pitch())  // all panels in a piece, so that rows are found (and copied) once
    while (most > 4 * tile && nanoseconds(most, all_panels) > kPiece) most = std::max(most / 2, 4 * tile);
  const int64_t unit = rows_.flat() ? tile : grid.size.x;
  block_ = round_up(ceil_div(m, ceil_div(m, std::min(round_up(most, unit), m))), unit);
  blocks_ = ceil_div(m, block_);
  few_rows_ = rows_.flat() && m <= isa::kNarrowRows;
  panels_per_piece_ = all_panels;
  while (panels_per_piece_ > 1 && nanoseconds(std::min(block_, m), panels_per_piece_) > kPiece)
    panels_per_piece_ = ceil_div(panels_per_piece_, 2);
  column_pieces_ = ceil_div(all_panels, panels_per_piece_);
}

int64_t TapGemm::copies_bytes() const {
  return rows_.copy_pitch() ? block_ * rows_.copy_pitch() * 4 + 64 : 0;
}

int64_t TapGemm::scratch_bytes() const {
  const int64_t pointers = round_up(block_ * rows_.taps() * 8, 64);
  const bool widened = weights_.stored != isa::Stored::f32 && !few_rows_;
  const int64_t panel = kernels_->widest * kernels_->vector * weights_.taps * weights_.k * 4 + 64;
  return pointers + copies_bytes() + (widened ? panel : 0);
}

void TapGemm::run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const {
  auto* rows = static_cast<const float**>(scratch);
  auto* copies =
      reinterpret_cast<float*>(static_cast<char*>(scratch) + round_up(block_ * rows_.taps() * 8, 64));
  auto* widened = copies + copies_bytes() / 4;
  int64_t none = -1;
  int64_t& ready = operands.kept ? *operands.kept : none;  // the block whose rows are found
  for (int64_t piece = begin; piece < end; ++piece) {
    const int64_t block = piece / column_pieces_, first = block * block_,
                  count = std::min(block_, rows_.count() - first);
    if (block != ready) {
      rows_.find(first, count, operands, copies, rows);
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
    if (rows_.flat()) {
      run_panel(rows, count, count, first, panel, weights, operands);
      continue;
    }
    const int64_t length =
        rows_.grid().size.x;  // a row of the grid: the distance between its pixels is constant
    for (int64_t i = 0; i < count; i += length)
      run_panel(rows + i, count, length, rows_.pixel(first + i), panel, weights, operands);
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
  p.epilogue.residual_pitch = residual_pitch_ * rows_.grid().out_step.x;
  p.call.rows_pitch = rows_pitch;
  p.call.offset = unit * weights_.k;
  p.call.taps = weights_.taps;
  p.call.k = weights_.k;
  p.call.panel = static_cast<const char*>(weights_.data) + p.first * isa::size_of(weights_.stored);
  p.call.scale = weights_.scale ? weights_.scale + p.channel : nullptr;
  p.call.c_pitch = rows_.grid().out.pitch * rows_.grid().out_step.x;
  p.call.columns = kernels_->columns_of(in_unit, weights_.n);
  return p;
}

// At row i of `count` that are written to pixel, pixel + out_step.x, ...
void TapGemm::aim(Panel& p, const float** rows, int64_t i, int64_t pixel, const Operands& operands) const {
  const int64_t at = pixel + i * rows_.grid().out_step.x;
  p.call.rows = rows + i;
  p.call.c = operands.out(0) + at * rows_.grid().out.pitch + p.channel;
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
