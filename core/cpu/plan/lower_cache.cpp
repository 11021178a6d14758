// A cache of keys and values of fixed capacity: new rows put where their positions say, and the mask of what may be seen.
#include "cpu/engine/index_copy.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {
namespace {

// index_copy along the last dimension but one, of f32 [.., rows, size] of rank 2 to 4.
bool lower_index_copy(Lowering& l, const Node& node) {
  if (node.op != "aten.index_copy.default") return false;
  const NodeArguments a(node);
  const ValueId x = a.value("self"), index = a.value("index"), source = a.value("source"),
                y = node.outputs[0];
  const Shape& s = l.shape(x);
  const int64_t rank = s.dim();
  if (!l.is_f32(y) || rank < 2 || rank > 4 || s.wrap(a.integer("dim")) != rank - 2 ||
      l.place(x).is_constant() || constant_of(l.graph(), index).defined() || l.place(source).is_constant())
    return false;
  const Place whole = l.dense_place(x), numbers = l.dense_place(index);
  Place rows = l.place(source);
  if (s[-1] > 1 && rows.view.stride(-1) != 1) rows = l.dense_place(source);
  engine::IndexCopyGeometry g;
  g.dim = rank - 2, g.rows = s[-2], g.size = s[-1], g.count = l.shape(source)[-2];
  g.source_row = rows.view.stride(-2);
  g.head = g.rows * g.size;
  if (rank > 2) g.heads = s[-3], g.source_head = rows.view.stride(-3);
  g.image = g.heads * g.head;
  if (rank > 3) g.images = s[-4], g.source_image = rows.view.stride(-4);
  if (!l.write_in_place(x, y)) l.new_dense(y);
  l.add(node, engine::make_index_copy(g), {l.slot_of(whole), l.slot_of(numbers), l.slot_of(rows)},
        {l.slot_of(l.place(y))});
  return true;
}

// le(0 1 2 .., positions [T, 1]): what tokens at these positions may look at, as a mask [T, columns].
bool lower_position_mask(Lowering& l, const Node& node) {
  if (node.op != "aten.le.Tensor") return false;
  const NodeArguments a(node);
  const ValueId positions = a.value("other"), y = node.outputs[0];
  const Tensor& columns = constant_of(l.graph(), a.value("self"));
  if (!columns.defined() || columns.dtype() != DType::i64 || columns.dim() != 1 || l.goes_to_output(y) ||
      l.dtype(positions) != DType::i64 || constant_of(l.graph(), positions).defined() ||
      l.shape(positions) != Shape{l.shape(y)[0], 1} || l.shape(y).dim() != 2)
    return false;
  const Tensor numbers = columns.contiguous();
  for (int64_t i = 0; i < numbers.numel(); ++i)
    if (numbers.data<int64_t>()[i] != i) return false;
  const Place rows = l.dense_place(positions);
  l.new_dense(y);
  const Slot count = l.temporary(2);
  l.set_key_count(y, count);
  l.add(node, engine::make_position_mask(l.shape(y)[0], l.shape(y)[1]), {l.slot_of(rows)},
        {l.slot_of(l.place(y)), count});
  return true;
}

}  // namespace

bool lower_cache(Lowering& l, const Node& node) {
  return lower_index_copy(l, node) || lower_position_mask(l, node);
}

}  // namespace sconce::plan
