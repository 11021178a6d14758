// The products of a grid's rows by inner products: a block of rows is brought into tiles, and all panels of weights pass over them.
#include "cpu/engine/inner_gemm.h"

#include <algorithm>

#include "cpu/engine/parts.h"

namespace sconce::engine {
namespace {

// A block's tiles should stay in the second-level cache beside the panels that pass; where all rows nearly do, weights are read only once.
constexpr int64_t kTilesBytes = 256 << 10, kAllTilesBytes = 512 << 10;

int64_t tiles_of(int64_t rows) { return ceil_div(rows, isa::kInnerRows); }
int64_t lines(int64_t floats) { return ceil_div(floats, 16) * 16; }

}  // namespace

// Tile t holds rows part_begin(count, tiles, t) and following; what belongs to row i lies at i times what one row takes.
struct InnerGemm::Scratch {
  const float** rows;
  float* copies;
  float* x;
  float* sums;
  float* row_scale;
  bool* finite;  // of each tile
};

InnerGemm::InnerGemm(GridRows rows, const InnerWeights& weights, const float* bias, const Fusion& fusion,
                     const isa::Kernels& kernels)
    : rows_(std::move(rows)),
      weights_(weights),
      bias_(bias),
      activation_(fusion.activation),
      residual_(fusion.residual),
      residual_pitch_(fusion.residual_pitch),
      kernels_(kernels.inner) {
  const int64_t m = rows_.count(), tile = isa::kInnerRows, panels = weights_.panel_count();
  const int64_t row_bytes = weights_.depth * 4,
                bytes = m * row_bytes <= kAllTilesBytes ? kAllTilesBytes : kTilesBytes;
  const int64_t most = std::max<int64_t>(bytes / row_bytes / tile, 1) * tile;
  block_ = std::min(ceil_div(ceil_div(m, ceil_div(m, most)), tile) * tile, m);
  blocks_ = ceil_div(m, block_);
  // Pieces of about 20 microseconds, at about 75 products a nanosecond.
  const int64_t products = block_ * weights_.depth * isa::kInnerColumns;
  panels_per_piece_ = std::clamp<int64_t>(1'500'000 / products, 1, panels);
  column_pieces_ = ceil_div(panels, panels_per_piece_);
  panels_per_piece_ = ceil_div(panels, column_pieces_);
}

int64_t InnerGemm::scratch_bytes() const {
  const int64_t floats = lines(block_ * rows_.copy_pitch() + 16) + block_ * weights_.depth +
                         lines(block_ * isa::inner_chunks(weights_.depth)) + lines(block_);
  return 4 * floats + ceil_div(block_ * rows_.taps(), 8) * 64 + ceil_div(tiles_of(block_), 64) * 64;
}

InnerGemm::Scratch InnerGemm::scratch_at(void* scratch) const {
  Scratch s;
  s.x = static_cast<float*>(scratch);
  s.copies = s.x + block_ * weights_.depth;
  s.sums = s.copies + lines(block_ * rows_.copy_pitch() + 16);
  s.row_scale = s.sums + lines(block_ * isa::inner_chunks(weights_.depth));
  s.rows = reinterpret_cast<const float**>(s.row_scale + lines(block_));
  s.finite = reinterpret_cast<bool*>(s.rows + ceil_div(block_ * rows_.taps(), 8) * 8);
  return s;
}

void InnerGemm::bring_in(int64_t first, int64_t count, const Operands& operands, const Scratch& s) const {
  rows_.find(first, count, operands, s.copies, s.rows);
  isa::InnerRowsCall call{};
  call.rows_pitch = count;
  call.taps = weights_.taps;
  call.k = weights_.k;
  call.channel_scale = weights_.channel_scale;
  const int64_t tiles = tiles_of(count), chunks = isa::inner_chunks(weights_.depth);
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t i = part_begin(count, tiles, t);
    call.rows = s.rows + i;
    call.count = part_begin(count, tiles, t + 1) - i;
    call.x = s.x + i * weights_.depth;
    call.sums = s.sums + i * chunks;
    call.sums_pitch = call.count;
    call.row_scale = s.row_scale + i;
    s.finite[t] = kernels_->rows(call) && *weights_.finite != 0.f;
  }
}

void InnerGemm::multiply(int64_t first, int64_t count, int64_t panel, const Operands& operands,
                         const Scratch& s) const {
  const Image& out = rows_.grid().out;
  const int64_t channel = panel * isa::kInnerColumns, panel_floats = isa::inner_panel_floats(weights_.depth);
  isa::Epilogue epilogue;
  epilogue.bias = bias_ ? bias_ + channel : nullptr;
  epilogue.activation = activation_;
  epilogue.residual_pitch = residual_pitch_;
  isa::InnerCall call{};
  call.k = weights_.depth;
  call.panel = weights_.panels + panel * panel_floats;
  call.column_scale = weights_.column_scale + channel;
  call.c_pitch = out.pitch;
  call.columns = std::min<int64_t>(weights_.n - channel, isa::kInnerColumns);
  call.epilogue = &epilogue;
  const int64_t tiles = tiles_of(count), chunks = isa::inner_chunks(weights_.depth);
  call.prefetch_step = ceil_div(64, tiles);
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t i = part_begin(count, tiles, t), rows = part_begin(count, tiles, t + 1) - i;
    call.x = s.x + i * weights_.depth;
    call.sums = s.sums + i * chunks;
    call.sums_pitch = rows;
    call.row_scale = s.row_scale + i;
    call.c = operands.out(0) + (first + i) * out.pitch + channel;
    if (residual_) epilogue.residual = operands.in(1) + (first + i) * residual_pitch_ + channel;
    // The tiles of this panel fetch the next one between them.
    call.prefetch =
        reinterpret_cast<const char*>(call.panel + panel_floats) + 4 * part_begin(panel_floats, tiles, t);
    if (s.finite[t])
      kernels_->tile[rows](call);
    else
      for (int row = 0; row < rows; ++row) kernels_->plain_row(call, row, static_cast<int>(rows));
  }
}

void InnerGemm::run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const {
  const Scratch s = scratch_at(scratch);
  int64_t none = -1;
  int64_t& ready = operands.kept ? *operands.kept : none;  // the block whose rows are brought in
  for (int64_t piece = begin; piece < end; ++piece) {
    const int64_t block = piece / column_pieces_, first = block * block_,
                  count = std::min(block_, rows_.count() - first);
    if (block != ready) bring_in(first, count, operands, s);
    ready = block;
    const int64_t panel = piece % column_pieces_ * panels_per_piece_,
                  last = std::min(panel + panels_per_piece_, weights_.panel_count());
    for (int64_t p = panel; p < last; ++p) multiply(first, count, p, operands, s);
  }
}

}  // namespace sconce::engine
