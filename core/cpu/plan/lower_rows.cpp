// Normalisations, softmax and embeddings.
#include <limits>

#include "cpu/engine/embedding.h"
#include "cpu/engine/norms.h"
#include "cpu/engine/softmax.h"
#include "cpu/isa_choice.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {
namespace {

bool is_constant(const Lowering& l, ValueId id) { return constant_of(l.graph(), id).defined(); }

// f32 parameters of a norm, which must be constants; kept while the operator is made.
struct Parameters {
  bool known = true;  // before the others, whose making it sees
  Tensor weight, bias;

  Parameters(const Lowering& l, const NodeArguments& a)
      : weight(get(l, a, "weight")), bias(get(l, a, "bias")) {}
  engine::NormWeights weights() const {
    return {weight.defined() ? weight.data<float>() : nullptr, bias.defined() ? bias.data<float>() : nullptr};
  }

 private:
  Tensor get(const Lowering& l, const NodeArguments& a, const char* name) {
    if (a.is_none(name)) return {};
    const Tensor& t = constant_of(l.graph(), a.value(name));
    known = known && t.defined() && t.dtype() == DType::f32;
    return known ? t.contiguous() : Tensor();
  }
};

bool lower_row_norm(Lowering& l, const Node& node) {
  const bool layer = node.op == "aten.layer_norm.default", rms = node.op == "aten.rms_norm.default";
  if (!layer && !rms) return false;
  const NodeArguments a(node);
  const ValueId x = a.value("input"), y = node.outputs[0];
  const Parameters p(l, a);
  if (!l.is_f32(y) || is_constant(l, x) || !p.known || a.ints("normalized_shape").size() != 1) return false;
  const Laid in = l.rows(x), out = l.result_rows(y, x);
  const double eps = a.is_none("eps") ? std::numeric_limits<float>::epsilon() : a.number("eps");
  auto op = layer ? engine::make_layer_norm(in.image, out.image, p.weights(), eps, best_kernels(), l.packs())
                  : engine::make_rms_norm(in.image, out.image, p.weights(), eps, best_kernels(), l.packs());
  l.add(node, std::move(op), {in.slot}, {out.slot});
  return true;
}

bool lower_group_norm(Lowering& l, const Node& node) {
  if (node.op != "aten.group_norm.default") return false;
  const NodeArguments a(node);
  const ValueId x = a.value("input"), y = node.outputs[0];
  const Parameters p(l, a);
  if (!l.is_f32(y) || is_constant(l, x) || !p.known || l.shape(x).dim() < 3 || l.shape(x).dim() > 4)
    return false;
  const Laid in = l.image(x), out = l.result_image(y, x);
  l.add(node,
        engine::make_group_norm(in.image, out.image, a.integer("num_groups"), p.weights(), a.number("eps"),
                                activation_behind(node), best_kernels(), l.packs()),
        {in.slot}, {out.slot});
  return true;
}

bool lower_softmax(Lowering& l, const Node& node) {
  const bool log = node.op == "aten.log_softmax.int";
  if (!log && node.op != "aten.softmax.int") return false;
  const NodeArguments a(node);
  const ValueId x = a.value("self"), y = node.outputs[0];
  const Shape& s = l.shape(x);
  if (!l.is_f32(x) || !l.is_f32(y) || is_constant(l, x) || s.dim() < 1 ||
      s.wrap(a.integer("dim")) != s.dim() - 1)
    return false;
  const Laid in = l.rows(x), out = l.result_rows(y, x);
  l.add(node, engine::make_softmax(in.image, out.image, log, best_kernels()), {in.slot}, {out.slot});
  return true;
}

bool lower_embedding(Lowering& l, const Node& node) {
  if (node.op != "aten.embedding.default") return false;
  const NodeArguments a(node);
  const ValueId indices = a.value("indices"), y = node.outputs[0];
  const Tensor& table = constant_of(l.graph(), a.value("weight"));
  if (!table.defined() || table.dtype() != DType::f32 || l.dtype(indices) != DType::i64 ||
      is_constant(l, indices) || l.shape(indices).dim() < 1)
    return false;
  const Tensor rows = table.contiguous();
  l.constant_in_place(rows);  // keeps it
  const Place numbers = l.dense_place(indices);
  const Laid out = l.new_rows(y);
  l.add(node, engine::make_embedding(rows.data<float>(), rows.size(0), out.image), {l.slot_of(numbers)},
        {out.slot});
  return true;
}

}  // namespace

bool lower_rows(Lowering& l, const Node& node) {
  return lower_row_norm(l, node) || lower_group_norm(l, node) || lower_softmax(l, node) ||
         lower_embedding(l, node);
}

}  // namespace sconce::plan
