// Where values lie: as pixels, as rows, dense, and the moves between.
#include <cstring>

#include "cpu/plan/lower.h"
#include "graph/node_arguments.h"

namespace sconce::plan {
namespace {

// The distance between rows when the leading dimensions [0, dims) of the tensor are rows at equal distances; 0 when they are not.
// A single row lies `otherwise` from the next.
int64_t row_distance(const Tensor& t, int64_t dims, int64_t otherwise) {
  int64_t distance = 0, rows = 1;
  for (int64_t d = dims; d-- > 0;) {
    if (t.size(d) == 1) continue;
    if (distance == 0) distance = t.stride(d);
    else if (t.stride(d) != distance * rows) return 0;
    rows *= t.size(d);
  }
  return distance == 0 ? otherwise : distance;
}

}  // namespace

Slot Lowering::slot_of(const Place& place) const {
  return {place.buffer, place.view.storage_offset() * static_cast<int64_t>(size_of(place.view.dtype()))};
}

std::optional<Laid> Lowering::rows_in_place(const Place& place) const {
  const Tensor& t = place.view;
  if (place.is_constant() || t.dtype() != DType::f32 || t.dim() == 0 || t.numel() == 0) return std::nullopt;
  if (program_.buffers[static_cast<size_t>(place.buffer)].memory != Buffer::Memory::arena) return std::nullopt;
  const int64_t c = t.size(-1);
  if (c > 1 && t.stride(-1) != 1) return std::nullopt;
  const int64_t pitch = row_distance(t, t.dim() - 1, c);
  if (pitch < c) return std::nullopt;
  return Laid{slot_of(place), {1, 1, t.numel() / c, c, pitch}};
}

std::optional<Laid> Lowering::image_in_place(const Place& place) const {
  const Tensor& t = place.view;
  if (place.is_constant() || t.dtype() != DType::f32 || t.dim() != 4 || t.numel() == 0) return std::nullopt;
  if (program_.buffers[static_cast<size_t>(place.buffer)].memory != Buffer::Memory::arena) return std::nullopt;
  const int64_t c = t.size(1);
  if (c > 1 && t.stride(1) != 1) return std::nullopt;
  const int64_t pitch = row_distance(t.permute({0, 2, 3, 1}), 3, c);
  if (pitch < c) return std::nullopt;
  return Laid{slot_of(place), {t.size(0), t.size(2), t.size(3), c, pitch}};
}

Place Lowering::image_place(ValueId id) {
  const Shape& s = shape(id);
  const int64_t pitch = engine::padded_pitch(s[1]);
  return new_place(id, {s[2] * s[3] * pitch, 1, s[3] * pitch, pitch}, s[0] * s[2] * s[3] * pitch);
}

Place Lowering::rows_place(ValueId id, bool dense) {
  const Shape& s = shape(id);
  const int64_t c = s[-1], pitch = dense ? c : engine::padded_pitch(c);
  Strides strides(static_cast<size_t>(s.dim()), 1);
  int64_t step = pitch;
  for (int64_t d = s.dim() - 2; d >= 0; --d) strides[static_cast<size_t>(d)] = step, step *= s[d];
  return new_place(id, strides, step);
}

// Moves the value where the place says, by a kernel where there is one.
void Lowering::copy_to(ValueId id, const Place& target) {
  Node node;
  node.op = "aten.clone.default";
  node.arguments = {{"self", id}};
  node.outputs = {id};
  const int32_t maker = uses_.producer(id);
  if (maker >= 0) node.scope = graph_.nodes[static_cast<size_t>(maker)].scope;
  if (move_fast(*this, node, place(id), target)) return;
  touch(place(id).buffer);
  touch(target.buffer);
  Step step;
  step.node = node;
  step.reads.emplace_back(id, place(id));
  step.writes.emplace_back(id, target);
  describe_shapes(step);
  program_.steps.push_back(std::move(step));
}

const Place& Lowering::moved(ValueId id, Layout layout) {
  const auto key = std::pair(id, layout);
  const auto found = moved_.find(key);
  if (found != moved_.end()) return found->second;
  const Place target = layout == Layout::image  ? image_place(id)
                       : layout == Layout::rows ? rows_place(id, false)
                                                : new_place(id, shape(id).contiguous_strides(), shape(id).numel());
  copy_to(id, target);
  return moved_.emplace(key, target).first->second;
}

Laid Lowering::image(ValueId id) {
  if (auto laid = image_in_place(place(id))) return *laid;
  if (place(id).is_constant()) {
    const Tensor& t = place(id).view;
    Laid laid = constant_rows(t.permute({0, 2, 3, 1}));
    laid.image.n = t.size(0), laid.image.h = t.size(2), laid.image.w = t.size(3);
    return laid;
  }
  return *image_in_place(moved(id, Layout::image));
}

Laid Lowering::rows(ValueId id) {
  if (auto laid = rows_in_place(place(id))) return *laid;
  if (place(id).is_constant()) return constant_rows(place(id).view);
  return *rows_in_place(moved(id, Layout::rows));
}

Place Lowering::dense_place(ValueId id) {
  if (place(id).is_constant() || place(id).view.is_contiguous()) return place(id);
  return moved(id, Layout::dense);
}

Laid Lowering::new_image(ValueId id) {
  const auto slice = slices_.find(id);
  const Shape& s = shape(id);
  if (slice != slices_.end()) {
    set_place(id, slice->second);
  } else if (direct_output_[static_cast<size_t>(id)] >= 0 && (s[1] == 1 || s[2] * s[3] == 1)) {
    set_place(id, output_place(id));
    return {slot_of(place(id)), {s[0], s[2], s[3], s[1], s[1]}};
  } else {
    set_place(id, image_place(id));
  }
  return *image_in_place(place(id));
}

Laid Lowering::new_rows(ValueId id) {
  const Shape& s = shape(id);
  if (direct_output_[static_cast<size_t>(id)] >= 0) {
    set_place(id, output_place(id));
    return {slot_of(place(id)), {1, 1, s.numel() / s[-1], s[-1], s[-1]}};
  }
  set_place(id, rows_place(id, false));
  return *rows_in_place(place(id));
}

Place Lowering::output_place(ValueId id) {
  return new_place(id, shape(id).contiguous_strides(), shape(id).numel(),
                   output_buffers_[static_cast<size_t>(direct_output_[static_cast<size_t>(id)])]);
}

void Lowering::new_dense(ValueId id) {
  const auto slice = slices_.find(id);
  if (slice != slices_.end())
    set_place(id, slice->second);
  else if (direct_output_[static_cast<size_t>(id)] >= 0)
    set_place(id, output_place(id));
  else
    set_place(id, new_place(id, shape(id).contiguous_strides(), shape(id).numel()));
}

bool Lowering::reuse(ValueId result, ValueId operand) {
  const Place& from = place(operand);
  if (options_.check || from.is_constant() || !dies_here(operand) || slices_.contains(result) ||
      direct_output_[static_cast<size_t>(result)] >= 0 || dtype(result) != dtype(operand) || shape(result) != shape(operand))
    return false;
  if (program_.buffers[static_cast<size_t>(from.buffer)].memory != Buffer::Memory::arena) return false;
  set_place(result, from);
  return true;
}

Laid Lowering::constant_rows(const Tensor& constant) {
  const Tensor t = constant.to(DType::f32).contiguous();
  const int64_t c = t.size(-1), n = t.numel() / c, pitch = engine::padded_pitch(c);
  const float* from = t.data<float>();
  const float* data = packs_.add(n * pitch, [&](float* to) {
    std::memset(to, 0, static_cast<size_t>(n * pitch) * sizeof(float));
    for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * pitch, from + i * c, static_cast<size_t>(c) * sizeof(float));
  });
  const int32_t buffer = new_buffer(n * pitch * 4, Buffer::Memory::constant);
  program_.buffers.back().address = data;
  return {{buffer, 0}, {1, 1, n, c, pitch}};
}

}  // namespace sconce::plan
