// Nodes that only move elements: concatenations, zeros around, rolls, copies.
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"
#include "cpu/plan/strided_copy.h"

namespace sconce::plan {
namespace {

// Copies a part of a value to a part of another place.
void copy_part(Lowering& l, const Node& node, const Tensor& from_view, const Place& from,
               const Tensor& to_view, const Place& to) {
  if (from_view.numel() == 0) return;
  const Place target{to_view, to.buffer};
  if (from.is_constant()) {
    const Tensor dense = from_view.contiguous();
    l.add(node, make_strided_copy(dense, to_view), {l.constant_in_place(dense)}, {l.slot_of(target)});
    return;
  }
  const Place source{from_view, from.buffer};
  auto op = make_move(l, source, target);
  if (!op) op = make_strided_copy(from_view, to_view);
  l.add(node, std::move(op), {l.slot_of(source)}, {l.slot_of(target)});
}

bool same_memory(const Place& place, const Tensor& view, int32_t buffer) {
  return place.buffer == buffer && place.view.storage_offset() == view.storage_offset() &&
         place.view.strides() == view.strides();
}

bool lower_cat(Lowering& l, const Node& node) {
  const bool cat = node.op == "aten.cat.default";
  if (!cat && node.op != "aten.stack.default") return false;
  const NodeArguments a(node);
  const ValueId y = node.outputs[0];
  const std::vector<ValueId> parts = a.values("tensors");
  for (ValueId part : parts)
    if (l.dtype(part) != l.dtype(y) || (cat && l.shape(part).dim() != l.shape(y).dim())) return false;
  const int64_t d = l.shape(y).wrap(a.integer("dim"));
  if (l.in_slice(y))
    l.new_image(y);
  else if (l.is_f32(y) && l.shape(y).dim() > 1)
    l.new_rows(y);
  else
    l.new_dense(y);
  const Place whole = l.place(y);
  int64_t start = 0;
  for (ValueId part : parts) {
    const int64_t extent = cat ? l.shape(part)[d] : 1;
    const Tensor to = cat ? whole.view.slice(d, start, start + extent) : whole.view.select(d, start);
    start += extent;
    if (!same_memory(l.place(part), to, whole.buffer))
      copy_part(l, node, l.place(part).view, l.place(part), to, whole);
  }
  return true;
}

// Constant padding of f32, by positive numbers.
bool lower_pad(Lowering& l, const Node& node) {
  if (node.op != "aten.pad.default") return false;
  const NodeArguments a(node);
  const ValueId x = a.value("self"), y = node.outputs[0];
  const std::vector<int64_t> pad = a.ints("pad");
  if (a.text("mode") != "constant" || !l.is_f32(y)) return false;
  for (int64_t p : pad)
    if (p < 0) return false;
  if (l.shape(y).dim() == 4)
    l.new_image(y);
  else
    l.new_dense(y);
  const Place whole = l.place(y);
  const float value = a.is_none("value") ? 0.f : static_cast<float>(a.number("value"));
  l.add(node, make_fill(whole.view, value), {}, {l.slot_of({whole.view.slice(0, 0, 1), whole.buffer})});
  Tensor inner = whole.view;
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    const int64_t d = l.shape(y).dim() - 1 - static_cast<int64_t>(i);
    inner = inner.slice(d, pad[2 * i], pad[2 * i] + l.shape(x)[d]);
  }
  copy_part(l, node, l.place(x).view, l.place(x), inner, whole);
  return true;
}

// Each dimension's two halves change places.
bool lower_roll(Lowering& l, const Node& node) {
  if (node.op != "aten.roll.default") return false;
  const NodeArguments a(node);
  const ValueId x = a.value("self"), y = node.outputs[0];
  const std::vector<int64_t> shifts = a.ints("shifts"), dims = a.ints("dims");
  if (dims.empty() || dims.size() != shifts.size() || dims.size() > 2) return false;
  if (l.is_f32(y) && l.shape(y).dim() > 1)
    l.new_rows(y);
  else
    l.new_dense(y);
  const Place from = l.place(x), to = l.place(y);
  std::vector<std::pair<Tensor, Tensor>> parts{{from.view, to.view}};
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t d = l.shape(x).wrap(dims[i]), n = l.shape(x)[d], by = ((shifts[i] % n) + n) % n;
    std::vector<std::pair<Tensor, Tensor>> finer;
    for (const auto& [f, t] : parts) {
      finer.emplace_back(f.slice(d, 0, n - by), t.slice(d, by, n));
      finer.emplace_back(f.slice(d, n - by, n), t.slice(d, 0, by));
    }
    parts = std::move(finer);
  }
  for (const auto& [f, t] : parts) copy_part(l, node, f, from, t, to);
  return true;
}

bool lower_clone(Lowering& l, const Node& node) {
  if (node.op != "aten.clone.default") return false;
  const ValueId x = NodeArguments(node).value("self"), y = node.outputs[0];
  l.new_dense(y);
  copy_part(l, node, l.place(x).view, l.place(x), l.place(y).view, l.place(y));
  return true;
}

}  // namespace

bool lower_moves(Lowering& l, const Node& node) {
  return lower_cat(l, node) || lower_pad(l, node) || lower_roll(l, node) || lower_clone(l, node);
}

}  // namespace sconce::plan
