// Products of two activations.
#include "cpu/engine/matmul.h"

#include "cpu/isa_choice.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {
namespace {

// A batch of matrices: dimensions before the last two, at most two of them.
struct Matrices {
  int64_t outer = 0, batch = 0, row = 0, column = 0;
};

std::optional<Matrices> matrices_of(const Place& place, int64_t dims) {
  const Tensor& t = place.view;
  if (place.is_constant() || t.dim() > dims) return std::nullopt;
  Matrices m;
  m.row = t.stride(-2), m.column = t.stride(-1);
  if (t.dim() > 2) m.batch = t.size(-3) == 1 ? 0 : t.stride(-3);
  if (t.dim() > 3) m.outer = t.size(-4) == 1 ? 0 : t.stride(-4);
  return m;
}

}  // namespace

// matmul and bmm of two activations of rank 2 to 4.
bool lower_matmul(Lowering& l, const Node& node) {
  if (node.op != "aten.matmul.default" && node.op != "aten.bmm.default" && node.op != "aten.mm.default")
    return false;
  const NodeArguments a(node);
  const ValueId x = a.value("self"), z = a.value(node.op == "aten.matmul.default" ? "other" : "mat2"),
                y = node.outputs[0];
  if (!l.is_f32(y) || l.shape(x).dim() < 2 || l.shape(z).dim() < 2 || l.shape(y).dim() > 4) return false;
  const auto lhs = matrices_of(l.place(x), 4), rhs = matrices_of(l.place(z), 4);
  if (!lhs || !rhs || l.is_outside(x) || l.is_outside(z)) return false;
  if (lhs->column != 1 && l.shape(x)[-1] > 1) return false;
  const bool plain = rhs->column == 1 || l.shape(z)[-1] == 1, turned = rhs->row == 1 || l.shape(z)[-2] == 1;
  if (!plain && !turned) return false;
  const Shape& shape = l.shape(y);
  const Laid out = l.new_rows(y);
  engine::MatmulGeometry g;
  g.m = shape[-2], g.n = shape[-1], g.k = l.shape(x)[-1];
  g.batch = shape.dim() > 2 ? shape[-3] : 1, g.outer = shape.dim() > 3 ? shape[-4] : 1;
  g.a_pitch = lhs->row, g.a_batch = lhs->batch, g.a_outer = lhs->outer;
  g.b_transposed = !plain;
  g.b_pitch = plain ? rhs->row : rhs->column, g.b_batch = rhs->batch, g.b_outer = rhs->outer;
  g.c_pitch = out.image.pitch, g.c_batch = g.m * g.c_pitch, g.c_outer = g.batch * g.c_batch;
  l.add(node, engine::make_matmul(g, isa::Activation::none, best_kernels()),
        {l.slot_of(l.place(x)), l.slot_of(l.place(z))}, {out.slot});
  return true;
}

}  // namespace sconce::plan
