// The recurrent halves of LSTM and GRU layers.
#pragma once
#include <memory>
#include <vector>

#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// Floats from one step, and one sequence of the batch, to the next.
struct Steps {
  int64_t step = 0, sequence = 0;
};

// One layer, in one direction or both. The plan first multiplies all inputs with w_ih of both directions in one Linear (rows
// recurrent_projection()); this operator then walks the steps.
struct RecurrentGeometry {
  int64_t steps = 1, batch = 1;
  int64_t hidden = 1;
  int64_t projected = 0;  // LSTM with proj_size; 0: none
  int64_t directions = 1;
  Steps gates = {};   // of the projected inputs: [directions][gates of 4 (3) * hidden] channels
  Steps output = {};  // [directions][hidden or projected] channels

  int64_t output_size() const { return projected > 0 ? projected : hidden; }
};

// One direction's, as PyTorch names and shapes them; null where absent. Copied.
struct RecurrentWeights {
  const float* w_ih = nullptr;  // [gates * hidden, inputs]
  const float* w_hh = nullptr;  // [gates * hidden, output_size()]
  const float* b_ih = nullptr;  // [gates * hidden]
  const float* b_hh = nullptr;
  const float* w_hr = nullptr;  // [projected, hidden]
};

// Weight and bias of the Linear that comes before: weight [directions * gates * hidden, inputs], bias of as many doubles.
// LSTM: b_ih + b_hh. GRU: without b_hh of the last gate, which the recurrent half adds inside.
struct RecurrentProjection {
  std::vector<float> weight;
  std::vector<double> bias;
};
RecurrentProjection lstm_projection(const std::vector<RecurrentWeights>& directions, int64_t hidden,
                                    int64_t inputs);
RecurrentProjection gru_projection(const std::vector<RecurrentWeights>& directions, int64_t hidden,
                                   int64_t inputs);

// Inputs [gates, h0 or null, c0 or null], outputs [output, h_n or null, c_n or null]. h0, c0, h_n, c_n are this layer's part of PyTorch's:
// contiguous [directions, batch, output_size() (c: hidden)]; null h0 and c0 are zeros.
std::unique_ptr<Operator> make_lstm(const RecurrentGeometry& geometry,
                                    const std::vector<RecurrentWeights>& directions,
                                    const isa::Kernels& kernels, Packs& packs);
// Inputs [gates, h0 or null], outputs [output, h_n or null].
std::unique_ptr<Operator> make_gru(const RecurrentGeometry& geometry,
                                   const std::vector<RecurrentWeights>& directions,
                                   const isa::Kernels& kernels, Packs& packs);

}  // namespace sconce::engine
