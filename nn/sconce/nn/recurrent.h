// Recurrent networks.
#pragma once
#include <sconce/nn/module.h>
#include <sconce/ops/recurrent.h>

#include <vector>

namespace sconce::nn {

struct RecurrentLayerOptions {
  int64_t num_layers = 1;
  bool bias = true;
  bool batch_first = false;  // [N, T, I] and not [T, N, I]
  double dropout = 0.0;      // only printed
  bool bidirectional = false;
  int64_t proj_size = 0;  // LSTM only: the width that hidden states are brought to, 0: none
  DType dtype = DType::f32;
};

// What LSTM and GRU share: parameters weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0 and so on, with
// "_reverse" behind those of the second direction, as torch.nn.RNNBase.
class Recurrent : public Module {
 public:
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t input_size, hidden_size, num_layers;
  bool bias, batch_first, bidirectional;
  double dropout;
  int64_t proj_size;
  std::vector<Tensor> weights;  // as lstm() and gru() take them

 protected:
  Recurrent(int64_t gates, int64_t input, int64_t hidden, const RecurrentLayerOptions& options);
  RecurrentOptions options() const { return {bias, num_layers, bidirectional, batch_first}; }
  // The input with a batch dimension, and a state of zeros of that batch.
  Tensor batched(const Tensor& x) const;
  Tensor zero_state(const Tensor& batched_input, int64_t width) const;
};

// torch.nn.LSTM: [T, N, input_size], or batch first, or [T, input_size] -> the hidden states of the last layer.
class LSTM : public Recurrent {
 public:
  LSTM(int64_t input_size, int64_t hidden_size, const RecurrentLayerOptions& options = {})
      : Recurrent(4, input_size, hidden_size, options) {}
  Tensor forward(const Tensor& x) const override { return run(x).output; }
  // output, h_n and c_n; undefined states are zeros. States are [num_layers * directions, N, width], or without N.
  LstmResult run(const Tensor& x, const Tensor& h_0 = {}, const Tensor& c_0 = {}) const;
};

// torch.nn.GRU, likewise.
class GRU : public Recurrent {
 public:
  // Throws ErrorKind::invalid_argument when the options ask for projections.
  GRU(int64_t input_size, int64_t hidden_size, const RecurrentLayerOptions& options = {});
  Tensor forward(const Tensor& x) const override { return run(x).output; }
  GruResult run(const Tensor& x, const Tensor& h_0 = {}) const;
};

}  // namespace sconce::nn
