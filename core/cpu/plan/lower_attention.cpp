// Scaled dot-product attention, on heads where they lie.
#include <cmath>

#include "cpu/engine/attention.h"
#include "cpu/isa_choice.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {
namespace {

// A [N, H, T, D] or [H, T, D] operand whose heads have their channels side by side; moved where they have not. The caller's memory will
// do: attention reads nothing behind its rows.
struct Heads {
  Slot slot;
  engine::HeadRows rows;
};

engine::HeadRows head_rows(const Tensor& t) {
  engine::HeadRows r;
  r.token = t.stride(-2);
  r.head = t.dim() > 2 ? t.stride(-3) : 0;
  r.image = t.dim() > 3 ? t.stride(-4) : 0;
  return r;
}

Heads heads_of(Lowering& l, ValueId id) {
  Place place = l.place(id);
  if (place.is_constant() || (place.view.size(-1) > 1 && place.view.stride(-1) != 1)) {
    const Laid moved = l.rows(id);
    const Shape& s = l.shape(id);
    Heads heads{moved.slot, {0, moved.image.pitch, s[-2] * moved.image.pitch}};
    if (s.dim() > 3) heads.rows.image = s[-3] * heads.rows.head;
    return heads;
  }
  return {l.slot_of(place), head_rows(place.view)};
}

}  // namespace

bool lower_attention(Lowering& l, const Node& node) {
  if (node.op != "aten.scaled_dot_product_attention.default") return false;
  const NodeArguments a(node);
  const ValueId q = a.value("query"), k = a.value("key"), v = a.value("value"), y = node.outputs[0];
  const Shape &sq = l.shape(q), &sk = l.shape(k), &sv = l.shape(v), &sy = l.shape(y);
  const int64_t rank = sq.dim();
  if (!l.is_f32(y) || rank < 3 || rank > 4 || sk.dim() != rank || sv.dim() != rank ||
      a.number("dropout_p") != 0)
    return false;
  engine::AttentionGeometry g;
  g.images = rank > 3 ? sq[0] : 1;
  g.heads = sq[-3], g.key_heads = sk[-3];
  if (sv[-3] != g.key_heads || (rank > 3 && (sk[0] != g.images || sv[0] != g.images))) return false;
  if (g.key_heads != g.heads && !(a.flag("enable_gqa") && g.heads % g.key_heads == 0)) return false;
  g.queries = sq[-2], g.keys = sk[-2], g.head_size = sq[-1], g.value_size = sv[-1];
  g.scale = static_cast<float>(a.is_none("scale") ? 1.0 / std::sqrt(static_cast<double>(g.head_size))
                                                  : a.number("scale"));
  g.causal = a.flag("is_causal");
  Slot mask, key_count;
  if (const ValueId m = a.value("attn_mask"); m != no_value) {
    const Place& place = l.place(m);
    const bool added = l.dtype(m) == DType::f32;
    if (!added && l.dtype(m) != DType::boolean) return false;
    Tensor shown = place.view;
    if (place.is_constant())
      shown = shown.contiguous(), mask = l.constant_bytes(shown);
    else
      mask = l.slot_of(place);
    std::vector<int64_t> extents = sy.extents();
    extents.back() = g.keys;
    if (shown.dim() > rank) return false;
    shown = shown.expand(extents);
    g.mask = added ? engine::MaskKind::added : engine::MaskKind::allowed;
    g.mask_key = shown.stride(-1), g.mask_query = shown.stride(-2), g.mask_head = shown.stride(-3);
    g.mask_image = rank > 3 ? shown.stride(-4) : 0;
    if (g.mask_key > 1) return false;
    key_count = l.key_count(m);
  }
  const Heads query = heads_of(l, q), key = heads_of(l, k), value = heads_of(l, v);
  g.query = query.rows, g.key = key.rows, g.value = value.rows;
  // As [N, T, H, D], which is what the next product wants to read: its heads side by side.
  const int64_t pitch = engine::padded_pitch(g.heads * g.value_size);
  Strides strides{g.queries * pitch, g.value_size, pitch, 1};
  if (rank == 3) strides.erase(strides.begin());
  if (l.goes_to_output(y))
    l.new_dense(y);
  else
    l.new_strided(y, strides, g.images * g.queries * pitch);
  g.output = head_rows(l.place(y).view);
  l.add(node, engine::make_attention(g, best_kernels()), {query.slot, key.slot, value.slot, mask, key_count},
        {l.slot_of(l.place(y))});
  return true;
}

}  // namespace sconce::plan
