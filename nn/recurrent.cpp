#include <sconce/nn/recurrent.h>
#include <sconce/ops.h>

#include "parameters.h"
#include "python_repr.h"

namespace sconce::nn {

Recurrent::Recurrent(int64_t gates, int64_t input, int64_t hidden, const RecurrentLayerOptions& o)
    : input_size(input),
      hidden_size(hidden),
      num_layers(o.num_layers),
      bias(o.bias),
      batch_first(o.batch_first),
      bidirectional(o.bidirectional),
      dropout(o.dropout),
      proj_size(o.proj_size) {
  check(hidden_size > 0, "hidden_size must be greater than zero");
  check(num_layers > 0, "num_layers must be greater than zero");
  check(proj_size >= 0, "proj_size should be a positive integer or zero to disable projections");
  check(proj_size < hidden_size, "proj_size has to be smaller than hidden_size");
  const int64_t directions = bidirectional ? 2 : 1, state = proj_size > 0 ? proj_size : hidden;
  for (int64_t i = 0; i < num_layers * directions; ++i) {
    weights.push_back(zero_parameter({gates * hidden, i < directions ? input : state * directions}, o.dtype));
    weights.push_back(zero_parameter({gates * hidden, state}, o.dtype));
    for (int b = 0; bias && b < 2; ++b) weights.push_back(zero_parameter({gates * hidden}, o.dtype));
    if (proj_size > 0) weights.push_back(zero_parameter({proj_size, hidden}, o.dtype));
  }
}

void Recurrent::members(Walk& w) {
  size_t at = 0;
  for (int64_t layer = 0; layer < num_layers; ++layer)
    for (const char* direction : {"", "_reverse"}) {
      if (*direction != '\0' && !bidirectional) continue;
      const auto say = [&](const char* name) { w(concat(name, "_l", layer, direction), weights[at++]); };
      say("weight_ih"), say("weight_hh");
      if (bias) say("bias_ih"), say("bias_hh");
      if (proj_size > 0) say("weight_hr");
    }
}

std::string Recurrent::extra_repr() const {
  std::string s = concat(input_size, ", ", hidden_size);
  if (proj_size != 0) s += concat(", proj_size=", proj_size);
  if (num_layers != 1) s += concat(", num_layers=", num_layers);
  if (!bias) s += ", bias=False";
  if (batch_first) s += ", batch_first=True";
  if (dropout != 0) s += ", dropout=" + python_repr(dropout);
  if (bidirectional) s += ", bidirectional=True";
  return s;
}

Tensor Recurrent::batched(const Tensor& x) const {
  check(x.dim() == 2 || x.dim() == 3, class_name(), ": Expected input to be 2D or 3D, got ", x.dim(),
        "D instead");
  check(x.size(-1) == input_size, "input.size(-1) must be equal to input_size. Expected ", input_size,
        ", got ", x.size(-1));
  return x.dim() == 3 ? x : x.unsqueeze(batch_first ? 0 : 1);
}

Tensor Recurrent::zero_state(const Tensor& x, int64_t width) const {
  return zeros({num_layers * (bidirectional ? 2 : 1), x.size(batch_first ? 0 : 1), width}, x.dtype(),
               x.device() == meta ? weights[0].device() : x.device());
}

LstmResult LSTM::run(const Tensor& x, const Tensor& h_0, const Tensor& c_0) const {
  check(h_0.defined() == c_0.defined(), "[LSTM] expected both states or none");
  const Tensor in = batched(x);
  const bool alone = x.dim() == 2;
  const auto state = [&](const Tensor& t, int64_t width) {
    return !t.defined() ? zero_state(in, width) : alone ? t.unsqueeze(1) : t;
  };
  LstmResult r = lstm(in, {state(h_0, proj_size > 0 ? proj_size : hidden_size), state(c_0, hidden_size)},
                      weights, options());
  if (alone) r = {r.output.squeeze(batch_first ? 0 : 1), r.h_n.squeeze(1), r.c_n.squeeze(1)};
  return r;
}

GRU::GRU(int64_t input, int64_t hidden, const RecurrentLayerOptions& o) : Recurrent(3, input, hidden, o) {
  check(proj_size == 0, "proj_size argument is only supported for LSTM, not RNN or GRU");
}

GruResult GRU::run(const Tensor& x, const Tensor& h_0) const {
  const Tensor in = batched(x);
  const bool alone = x.dim() == 2;
  const Tensor state = !h_0.defined() ? zero_state(in, hidden_size) : alone ? h_0.unsqueeze(1) : h_0;
  GruResult r = gru(in, state, weights, options());
  if (alone) r = {r.output.squeeze(batch_first ? 0 : 1), r.h_n.squeeze(1)};
  return r;
}

}  // namespace sconce::nn
