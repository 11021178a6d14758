// LSTM and GRU: layer by layer, one product for all steps, then the recurrence.
#include <algorithm>

#include "cpu/engine/convolution.h"
#include "cpu/engine/recurrent.h"
#include "cpu/isa_choice.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/lower_arguments.h"

namespace sconce::plan {
namespace {

// A state before the first step, layer by layer; nothing where it is zeros.
struct State {
  Slot slot;
  bool zeros = true;

  Slot layer(int64_t index, int64_t floats) const {
    return zeros ? Slot{} : Slot{slot.buffer, slot.offset + index * floats * 4};
  }
};

State state_of(Lowering& l, ValueId id) {
  if (const Tensor& t = constant_of(l.graph(), id); t.defined()) {
    const Tensor dense = t.contiguous();
    const float* data = dense.data<float>();
    if (std::all_of(data, data + dense.numel(), [](float x) { return x == 0.f; })) return {};
    return {l.constant_bytes(dense), false};
  }
  return {l.slot_of(l.dense_inside(id)), false};
}

// Where the last states go: nowhere when nobody asks.
State last_state(Lowering& l, ValueId id) {
  if (l.uses().readers(id).empty() && !l.uses().is_output(id)) return {};
  l.new_dense(id);
  return {l.slot_of(l.place(id)), false};
}

// One layer's weights of all directions, contiguous.
struct Layer {
  std::vector<Tensor> kept;
  std::vector<engine::RecurrentWeights> directions;
};

bool lower_cells(Lowering& l, const Node& node, bool is_lstm) {
  const NodeArguments a(node);
  const ValueId x = a.value("input"), y = node.outputs[0];
  const bool biases = a.flag("has_biases"), batch_first = a.flag("batch_first");
  const int64_t layers = a.integer("num_layers"), directions = a.flag("bidirectional") ? 2 : 1;
  const std::vector<ValueId> params = a.values("params"),
                             hx = is_lstm ? a.values("hx") : std::vector<ValueId>{a.value("hx")};
  if (!l.is_f32(y) || l.shape(x).dim() != 3 || constant_of(l.graph(), x).defined()) return false;
  for (ValueId p : params)
    if (!constant_of(l.graph(), p).defined() || !l.is_f32(p)) return false;
  for (ValueId h : hx)
    if (!l.is_f32(h)) return false;
  const int64_t width = l.shape(hx[0])[-1], hidden = is_lstm ? l.shape(hx[1])[-1] : width;
  const bool projected = width != hidden;
  const int64_t batch = l.shape(x)[batch_first ? 0 : 1], steps = l.shape(x)[batch_first ? 1 : 0],
                rows = batch * steps;
  std::vector<State> before, after;
  for (ValueId h : hx) before.push_back(state_of(l, h));
  for (size_t i = 1; i < node.outputs.size(); ++i) after.push_back(last_state(l, node.outputs[i]));
  const auto strides = [&](int64_t pitch) {
    return batch_first ? engine::Steps{pitch, steps * pitch} : engine::Steps{batch * pitch, pitch};
  };
  Laid in = l.rows(x);
  size_t next = 0;
  for (int64_t layer = 0; layer < layers; ++layer) {
    Layer weights;
    const auto take = [&] {
      weights.kept.push_back(constant_of(l.graph(), params[next++]).contiguous());
      return weights.kept.back().data<float>();
    };
    for (int64_t d = 0; d < directions; ++d) {
      engine::RecurrentWeights w;
      w.w_ih = take(), w.w_hh = take();
      if (biases) w.b_ih = take(), w.b_hh = take();
      if (projected) w.w_hr = take();
      weights.directions.push_back(w);
    }
    const engine::RecurrentProjection p =
        is_lstm ? engine::lstm_projection(weights.directions, hidden, in.image.c)
                : engine::gru_projection(weights.directions, hidden, in.image.c);
    const int64_t channels = directions * (is_lstm ? 4 : 3) * hidden,
                  gate_pitch = engine::padded_pitch(channels);
    const Slot gates = l.temporary(rows * gate_pitch);
    const engine::Image gate_image{1, 1, rows, channels, gate_pitch};
    engine::Fusion fusion;
    fusion.shift = p.bias.data();
    l.add(node,
          engine::make_linear(in.image, gate_image,
                              {.weight = p.weight.data(), .stored = stored_of(l.options().precision)}, fusion,
                              {}, best_kernels(), l.packs()),
          {in.slot, {}, {}}, {gates});
    Laid out;
    if (layer + 1 == layers) {
      out = l.new_rows(y);
    } else {
      const int64_t c = directions * width, pitch = engine::padded_pitch(c);
      out = {l.temporary(rows * pitch), {1, 1, rows, c, pitch}};
    }
    engine::RecurrentGeometry g;
    g.steps = steps, g.batch = batch, g.hidden = hidden, g.projected = projected ? width : 0,
    g.directions = directions;
    g.gates = strides(gate_pitch), g.output = strides(out.image.pitch);
    const int64_t h_floats = directions * batch * width, c_floats = directions * batch * hidden;
    if (is_lstm)
      l.add(node, engine::make_lstm(g, weights.directions, best_kernels(), l.packs()),
            {gates, before[0].layer(layer, h_floats), before[1].layer(layer, c_floats)},
            {out.slot, after[0].layer(layer, h_floats), after[1].layer(layer, c_floats)});
    else
      l.add(node, engine::make_gru(g, weights.directions, best_kernels(), l.packs()),
            {gates, before[0].layer(layer, h_floats)}, {out.slot, after[0].layer(layer, h_floats)});
    in = out;
  }
  return true;
}

}  // namespace

bool lower_recurrent(Lowering& l, const Node& node) {
  if (node.op == "aten.lstm.input") return lower_cells(l, node, true);
  return node.op == "aten.gru.input" && lower_cells(l, node, false);
}

}  // namespace sconce::plan
