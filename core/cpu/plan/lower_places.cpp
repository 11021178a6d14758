// Where values lie: as pixels, as rows, dense, and the moves between.
#include <cstring>

#include "cpu/plan/lower.h"
#include "cpu/plan/strided_copy.h"
#include "graph/node_arguments.h"

namespace sconce::plan {
namespace {

// The distance between rows when the leading dimensions [0, dims) of the tensor are rows at equal distances; 0 when they are not.
// A single row lies `otherwise` from the next.
int64_t row_distance(const Tensor& t, int64_t dims, int64_t otherwise) {
  int64_t distance = 0, rows = 1;
  for (int64_t d = dims; d-- > 0;) {
    if (t.size(d) == 1) continue;
    if (distance == 0)
      distance = t.stride(d);
    else if (t.stride(d) != distance * rows)
      return 0;
    rows *= t.size(d);
  }
  return distance == 0 ? otherwise : distance;
}

// [N, C, ...] with C behind the others.
Tensor channels_last(const Tensor& t) {
  std::vector<int64_t> dims{0};
  for (int64_t d = 2; d < t.dim(); ++d) dims.push_back(d);
  dims.push_back(1);
  return t.permute(dims);
}

}  // namespace

Slot Lowering::slot_of(const Place& place) const {
  return {place.buffer, place.view.storage_offset() * static_cast<int64_t>(size_of(place.view.dtype()))};
}

std::optional<Laid> Lowering::rows_in_place(const Place& place) const {
  const Tensor& t = place.view;
  if (place.is_constant() || t.dtype() != DType::f32 || t.dim() == 0 || t.numel() == 0) return std::nullopt;
  if (program_.buffers[static_cast<size_t>(place.buffer)].memory == Buffer::Memory::input ||
      program_.buffers[static_cast<size_t>(place.buffer)].memory == Buffer::Memory::output)
    return std::nullopt;
  return row_pixels_of(place);
}

std::optional<Laid> Lowering::row_pixels_of(const Place& place) const {
  const Tensor& t = place.view;
  const int64_t c = t.size(-1);
  if (c > 1 && t.stride(-1) != 1) return std::nullopt;
  const int64_t pitch = row_distance(t, t.dim() - 1, c);
  if (pitch < c) return std::nullopt;
  return Laid{slot_of(place), {1, 1, t.numel() / c, c, pitch}};
}

std::optional<Laid> Lowering::image_in_place(const Place& place) const {
  const Tensor& t = place.view;
  if (place.is_constant() || t.dtype() != DType::f32 || t.dim() < 3 || t.dim() > 5 || t.numel() == 0)
    return std::nullopt;
  if (program_.buffers[static_cast<size_t>(place.buffer)].memory == Buffer::Memory::input ||
      program_.buffers[static_cast<size_t>(place.buffer)].memory == Buffer::Memory::output)
    return std::nullopt;
  return pixels_of(place);
}

std::optional<Laid> Lowering::pixels_of(const Place& place) const {
  const Tensor& t = place.view;
  const int64_t c = t.size(1);
  if (c > 1 && t.stride(1) != 1) return std::nullopt;
  const Tensor last = channels_last(t);
  const int64_t pitch = row_distance(last, last.dim() - 1, c);
  if (pitch < c) return std::nullopt;
  Laid laid{slot_of(place), {1, 1, 1, c, pitch}};
  laid.image.w = t.size(-1);
  laid.image.h = t.dim() > 3 ? t.size(-2) : 1;
  laid.image.n = t.numel() / (c * laid.image.w * laid.image.h);
  return laid;
}

Place Lowering::image_place(ValueId id) {
  const Shape& s = shape(id);
  int64_t step = engine::padded_pitch(s[1]);
  Strides strides(static_cast<size_t>(s.dim()), 1);
  for (int64_t d = s.dim() - 1; d > 1; --d) strides[static_cast<size_t>(d)] = step, step *= s[d];
  strides[0] = step;
  return new_place(id, strides, s[0] * step);
}

Place Lowering::rows_place(ValueId id) {
  const Shape& s = shape(id);
  const int64_t pitch = engine::padded_pitch(s[-1]);
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
  const Slot to = slot_of(target);
  if (place(id).is_constant()) {
    const Tensor dense = place(id).view.contiguous();
    add(node, make_strided_copy(dense, target.view), {constant_in_place(dense)}, {to});
    return;
  }
  auto op = make_move(*this, place(id), target);
  if (!op) op = make_strided_copy(place(id).view, target.view);
  add(node, std::move(op), {slot_of(place(id))}, {to});
}

const Place& Lowering::moved(ValueId id, Layout layout) {
  const auto key = std::pair(id, layout);
  const auto found = moved_.find(key);
  if (found != moved_.end()) return found->second;
  const Place target = layout == Layout::image ? image_place(id)
                       : layout == Layout::rows
                           ? rows_place(id)
                           : new_place(id, shape(id).contiguous_strides(), shape(id).numel());
  copy_to(id, target);
  return moved_.emplace(key, target).first->second;
}

Laid Lowering::image(ValueId id) {
  if (auto laid = image_in_place(place(id))) return *laid;
  if (place(id).is_constant()) {
    const Tensor& t = place(id).view;
    Laid laid = constant_rows(channels_last(t));
    laid.image.w = t.size(-1);
    laid.image.h = t.dim() > 3 ? t.size(-2) : 1;
    laid.image.n = t.numel() / (t.size(1) * laid.image.w * laid.image.h);
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

Place Lowering::dense_inside(ValueId id) {
  if (!is_outside(id) && !place(id).is_constant() && place(id).view.is_contiguous()) return place(id);
  return moved(id, Layout::dense);
}

Laid Lowering::new_image(ValueId id) {
  const auto slice = slices_.find(id);
  const Shape& s = shape(id);
  if (slice != slices_.end())
    set_place(id, slice->second);
  else if (direct_output_[static_cast<size_t>(id)] >= 0 && (s[1] == 1 || s.numel() == s[0] * s[1]))
    set_place(id, output_place(id));
  else
    set_place(id, image_place(id));
  return *pixels_of(place(id));
}

Laid Lowering::result_image(ValueId id, ValueId operand) {
  if (operand != no_value && image_in_place(place(operand)) && reuse(id, operand))
    return *image_in_place(place(id));
  return new_image(id);
}

Laid Lowering::result_rows(ValueId id, ValueId operand) {
  if (operand != no_value && rows_in_place(place(operand)) && reuse(id, operand))
    return *rows_in_place(place(id));
  return new_rows(id);
}

Laid Lowering::new_rows(ValueId id) {
  const Shape& s = shape(id);
  if (direct_output_[static_cast<size_t>(id)] >= 0) {
    set_place(id, output_place(id));
    return {slot_of(place(id)), {1, 1, s.numel() / s[-1], s[-1], s[-1]}};
  }
  if (const auto slice = slices_.find(id); slice != slices_.end()) {
    if (const auto laid = row_pixels_of(slice->second)) return set_place(id, slice->second), *laid;
  }
  set_place(id, rows_place(id));
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

Slot Lowering::constant_bytes(const Tensor& constant) {
  const Tensor t = constant.contiguous();
  const int64_t bytes = t.nbytes();
  const float* data = packs_.add((bytes + 3) / 4, [&](float* to) {
    if (bytes > 0) std::memcpy(to, t.data(), static_cast<size_t>(bytes));
  });
  const int32_t buffer = new_buffer(bytes, Buffer::Memory::constant);
  program_.buffers.back().address = data;
  return {buffer, 0};
}

Slot Lowering::constant_in_place(const Tensor& constant) {
  program_.kept.push_back(constant);
  const int32_t buffer = new_buffer(constant.nbytes(), Buffer::Memory::constant);
  program_.buffers.back().address = constant.data();
  return {buffer, 0};
}

bool Lowering::reuse(ValueId result, ValueId operand) {
  const Place& from = place(operand);
  if (options_.check || from.is_constant() || !dies_here(operand) || slices_.contains(result) ||
      direct_output_[static_cast<size_t>(result)] >= 0 || dtype(result) != dtype(operand) ||
      shape(result) != shape(operand))
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
    for (int64_t i = 0; i < n; ++i)
      std::memcpy(to + i * pitch, from + i * c, static_cast<size_t>(c) * sizeof(float));
  });
  const int32_t buffer = new_buffer(n * pitch * 4, Buffer::Memory::constant);
  program_.buffers.back().address = data;
  return {{buffer, 0}, {1, 1, n, c, pitch}};
}

}  // namespace sconce::plan
