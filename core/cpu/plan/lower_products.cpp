// Convolutions and linears as products of packed weights.
#include "cpu/engine/convolution.h"
#include "cpu/isa_choice.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {
namespace {

using engine::ConvGeometry;
using engine::ConvWeights;

// What comes before and behind the product, and the slots that it reads.
struct Around {
  engine::Fusion fusion;
  engine::Prologue prologue;
  FoldedWeights weights;
  std::vector<double> pre_scale, pre_shift;
  std::vector<Slot> extra{2};  // residual, gate
};

// `residual` where the node has one, laid as the result will be.
void surround(Around& around, Lowering& l, const Node& node, const std::optional<Laid>& residual) {
  const NodeArguments a(node);
  engine::Fusion& f = around.fusion;
  around.weights = folded_weights(l.graph(), node);
  f.scale = around.weights.scale_data();
  f.shift = around.weights.bias_data();
  f.activation = activation_behind(node);
  if (residual) {
    f.residual = true;
    f.residual_pitch = residual->image.pitch;
    around.extra[0] = residual->slot;
  }
  if (!a.is_none("pre_scale")) {
    around.pre_scale = doubles_of(constant_of(l.graph(), a.value("pre_scale")));
    around.pre_shift = doubles_of(constant_of(l.graph(), a.value("pre_shift")));
    around.prologue.kind = engine::Prologue::Kind::scale_shift;
    around.prologue.scale = around.pre_scale.data();
    around.prologue.shift = around.pre_shift.data();
    around.prologue.relu = !a.is_none("pre_activation");
  }
  if (!a.is_none("gate")) {
    const Laid gate = l.image(a.value("gate"));
    around.prologue.kind = engine::Prologue::Kind::image_scale;
    around.prologue.image_scale_pitch = gate.image.pitch;
    around.extra[1] = gate.slot;
  }
}

// The residual may give its memory to the result unless the node reads that memory for something else too.
ValueId reusable_residual(const Lowering& l, const Node& node) {
  const NodeArguments a(node);
  const ValueId residual = a.value("residual");
  if (residual == no_value || l.shares(residual, a.value("input"))) return no_value;
  return !a.is_none("gate") && l.shares(residual, a.value("gate")) ? no_value : residual;
}

bool lower_convolution(Lowering& l, const Node& node) {
  const NodeArguments a(node);
  const ConvolutionArguments c = convolution_arguments(l.graph(), node);
  const Tensor weight = constant_of(l.graph(), a.value("weight")).contiguous();
  const ValueId y = node.outputs[0];
  const Laid in = l.image(a.value("input"));
  std::optional<Laid> residual;
  if (!a.is_none("residual")) residual = l.image(a.value("residual"));
  Around around;
  surround(around, l, node, residual);
  const Laid out = l.result_image(y, reusable_residual(l, node));
  ConvGeometry g;
  g.in = in.image, g.out = out.image;
  g.kernel_h = c.kernel[1], g.kernel_w = c.kernel[2], g.stride_h = c.stride[1], g.stride_w = c.stride[2];
  g.pad_top = c.pad[1], g.pad_left = c.pad[2], g.dilation_h = c.dilation[1], g.dilation_w = c.dilation[2];
  g.groups = c.groups, g.transposed = c.transposed;
  if (l.shape(y).dim() == 5) {
    g.in_depth = l.shape(a.value("input"))[2], g.out_depth = l.shape(y)[2];
    g.kernel_d = c.kernel[0], g.stride_d = c.stride[0], g.pad_front = c.pad[0], g.dilation_d = c.dilation[0];
  }
  ConvWeights w;
  w.stored = stored_of(l.options().precision);
  w.weight = weight.data<float>();
  l.add(node, engine::make_convolution(g, w, around.fusion, around.prologue, best_kernels(), l.packs()),
        {in.slot, around.extra[0], around.extra[1]}, {out.slot});
  return true;
}

bool lower_linear(Lowering& l, const Node& node) {
  const NodeArguments a(node);
  const ValueId y = node.outputs[0];
  Tensor weight = constant_of(l.graph(), a.value("weight"));
  ConvWeights w;
  w.stored = stored_of(l.options().precision);
  // A matrix that was given as [in, out] is packed from that.
  w.in_by_out = !weight.is_contiguous() && weight.t().is_contiguous();
  if (w.in_by_out)
    weight = weight.t();
  else
    weight = weight.contiguous();
  const Laid in = l.rows(a.value("input"));
  std::optional<Laid> residual;
  if (!a.is_none("residual")) residual = l.rows(a.value("residual"));
  Around around;
  surround(around, l, node, residual);
  const Laid out = l.result_rows(y, reusable_residual(l, node));
  w.weight = weight.data<float>();
  l.add(
      node,
      engine::make_linear(in.image, out.image, w, around.fusion, around.prologue, best_kernels(), l.packs()),
      {in.slot, around.extra[0], around.extra[1]}, {out.slot});
  return true;
}

}  // namespace

bool lower_product(Lowering& l, const Node& node) {
  if (!has_weights(l.graph(), node)) return false;
  const NodeArguments a(node);
  if (constant_of(l.graph(), a.value("input")).defined()) return false;
  return is_linear(node) ? lower_linear(l, node) : lower_convolution(l, node);
}

}  // namespace sconce::plan
