// lstm and gru: checks and shapes; eager, a product over the whole sequence and then the steps one by one.
#include <sconce/ops/activation.h>
#include <sconce/ops/create.h>
#include <sconce/ops/elementwise.h>
#include <sconce/ops/index.h>
#include <sconce/ops/matmul.h>
#include <sconce/ops/recurrent.h>
#include <sconce/ops/view.h>

#include "ops/dtype_set.h"

namespace sconce {
namespace {

// The parameters of one layer in one direction; absent ones undefined.
struct Cell {
  Tensor w_ih, w_hh, b_ih, b_hh, w_hr;
};

// Extents that everything must agree with.
struct Sizes3 {
  int64_t time, batch, input, hidden, projected, gates;
};

std::vector<Cell> cells_of(const char* op, const std::vector<Tensor>& params, const RecurrentOptions& o,
                           const Sizes3& s) {
  const bool projects = s.projected != s.hidden;
  const size_t each = 2 + (o.has_biases ? 2 : 0) + (projects ? 1 : 0);
  const auto directions = static_cast<size_t>(o.bidirectional ? 2 : 1);
  check(o.num_layers > 0, "[", op, "] expected at least one layer, got ", o.num_layers);
  const size_t count = static_cast<size_t>(o.num_layers) * directions;
  check(params.size() == count * each, "[", op, "] expected ", count * each, " parameters, got ",
        params.size());
  std::vector<Cell> cells;
  const auto expect = [&](const Tensor& t, const Shape& shape, const char* name) {
    check_tensors(op, {&t});
    check(t.shape() == shape, "[", op, "] expected ", name, " of shape ", shape, ", got ", t.shape());
  };
  for (size_t i = 0; i < count; ++i) {
    const Tensor* p = params.data() + i * each;
    Cell c{p[0], p[1], {}, {}, {}};
    const int64_t in = i < directions ? s.input : s.projected * static_cast<int64_t>(directions);
    expect(c.w_ih, {s.gates * s.hidden, in}, "w_ih");
    expect(c.w_hh, {s.gates * s.hidden, s.projected}, "w_hh");
    if (o.has_biases) {
      c.b_ih = p[2], c.b_hh = p[3];
      expect(c.b_ih, {s.gates * s.hidden}, "b_ih");
      expect(c.b_hh, {s.gates * s.hidden}, "b_hh");
    }
    if (projects) {
      c.w_hr = p[each - 1];
      expect(c.w_hr, {s.projected, s.hidden}, "w_hr");
    }
    cells.push_back(std::move(c));
  }
  return cells;
}

// The checks of input and states that both share.
Sizes3 sizes_of(const char* op, const Tensor& input, const std::vector<Tensor>& hx, const RecurrentOptions& o,
                int64_t gates) {
  check_tensors(op, {&input});
  check_dtype(op, input.dtype(), dtypes::floats);
  check(input.dim() == 3, "[", op, "] expected an input of 3 dimensions, got ", input.dim());
  const int64_t time = input.size(o.batch_first ? 1 : 0), batch = input.size(o.batch_first ? 0 : 1);
  check(time > 0, "Expected sequence length to be larger than 0 in RNN");
  for (const Tensor& state : hx) {
    check_tensors(op, {&input, &state});
    const int64_t count = o.num_layers * (o.bidirectional ? 2 : 1);
    check(state.dim() == 3 && state.size(0) == count && state.size(1) == batch, "[", op,
          "] expected states of shape [", count, ", ", batch, ", hidden size], got ", state.shape());
    check(state.dtype() == input.dtype(), "[", op, "] expected states of dtype ", name_of(input.dtype()),
          ", got ", name_of(state.dtype()));
  }
  return {time, batch, input.size(2), hx.back().size(2), hx.front().size(2), gates};
}

// One step of one cell, from what the input gives to all gates, [batch, gates * H]. Updates the states [batch, ...].
void lstm_step(const Cell& cell, const Tensor& from_input, Tensor& h, Tensor& c) {
  const auto gates = chunk(add(from_input, linear(h, cell.w_hh, cell.b_hh)), 4, 1);
  c = add(mul(sigmoid(gates[1]), c), mul(sigmoid(gates[0]), tanh(gates[2])));
  h = mul(sigmoid(gates[3]), tanh(c));
  if (cell.w_hr.defined()) h = linear(h, cell.w_hr);
}

void gru_step(const Cell& cell, const Tensor& from_input, Tensor& h) {
  const auto x = chunk(from_input, 3, 1), s = chunk(linear(h, cell.w_hh, cell.b_hh), 3, 1);
  const Tensor reset = sigmoid(add(x[0], s[0])), update = sigmoid(add(x[1], s[1]));
  const Tensor fresh = tanh(add(x[2], mul(reset, s[2])));
  h = add(mul(sub(h, fresh), update), fresh);
}

// Runs all layers: step(cell, index of the layer and direction, what the input gives) updates the states and returns h.
template <class Step>
Tensor run_layers(const Tensor& input, const std::vector<Cell>& cells, const RecurrentOptions& o, Step step) {
  const size_t directions = o.bidirectional ? 2 : 1;
  Tensor x = (o.batch_first ? input.transpose(0, 1) : input).contiguous();
  const int64_t time = x.size(0);
  for (size_t first = 0; first < cells.size(); first += directions) {
    std::vector<Tensor> sides;
    for (size_t d = 0; d < directions; ++d) {
      const Tensor gates = linear(x, cells[first + d].w_ih, cells[first + d].b_ih);
      std::vector<Tensor> steps(static_cast<size_t>(time));
      for (int64_t i = 0; i < time; ++i) {
        const int64_t t = d == 0 ? i : time - 1 - i;
        steps[static_cast<size_t>(t)] = step(cells[first + d], first + d, gates[t]);
      }
      sides.push_back(stack(steps));
    }
    x = sides.size() == 1 ? sides[0] : cat(sides, 2);
  }
  return o.batch_first ? x.transpose(0, 1).contiguous() : x;
}

Recorder::Inputs inputs_of(const Tensor& input, Recorder::Input hx, const std::vector<Tensor>& params,
                           const RecurrentOptions& o) {
  return {{"input", input},
          {"hx", std::move(hx)},
          {"params", params},
          {"has_biases", o.has_biases},
          {"num_layers", o.num_layers},
          {"dropout", 0.0},
          {"train", false},
          {"bidirectional", o.bidirectional},
          {"batch_first", o.batch_first}};
}

// The shape of the output for states of width `width`.
Shape output_shape(const Tensor& input, int64_t width, const RecurrentOptions& o) {
  return {input.size(0), input.size(1), width * (o.bidirectional ? 2 : 1)};
}

}  // namespace

LstmResult lstm(const Tensor& input, const std::vector<Tensor>& hx, const std::vector<Tensor>& params,
                const RecurrentOptions& o) {
  check(hx.size() == 2, "lstm expects two hidden states");
  const Sizes3 s = sizes_of("lstm", input, hx, o, 4);
  const std::vector<Cell> cells = cells_of("lstm", params, o, s);
  if (Recorder* r = Recorder::active()) {
    auto out = r->record("aten.lstm.input", inputs_of(input, hx, params, o),
                         {{output_shape(input, s.projected, o), input.dtype()},
                          {hx[0].shape(), input.dtype()},
                          {hx[1].shape(), input.dtype()}});
    return {out[0], out[1], out[2]};
  }
  std::vector<Tensor> h = unbind(hx[0]), c = unbind(hx[1]);
  Tensor output = run_layers(input, cells, o, [&](const Cell& cell, size_t i, const Tensor& gates) {
    lstm_step(cell, gates, h[i], c[i]);
    return h[i];
  });
  return {output, stack(h), stack(c)};
}

GruResult gru(const Tensor& input, const Tensor& hx, const std::vector<Tensor>& params,
              const RecurrentOptions& o) {
  const Sizes3 s = sizes_of("gru", input, {hx}, o, 3);
  const std::vector<Cell> cells = cells_of("gru", params, o, s);
  if (Recorder* r = Recorder::active()) {
    auto out = r->record("aten.gru.input", inputs_of(input, hx, params, o),
                         {{output_shape(input, s.hidden, o), input.dtype()}, {hx.shape(), input.dtype()}});
    return {out[0], out[1]};
  }
  std::vector<Tensor> h = unbind(hx);
  Tensor output = run_layers(input, cells, o, [&](const Cell& cell, size_t i, const Tensor& gates) {
    gru_step(cell, gates, h[i]);
    return h[i];
  });
  return {output, stack(h)};
}

}  // namespace sconce
