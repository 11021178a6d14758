// Recurrent networks over whole sequences.
#pragma once
#include <sconce/tensor.h>

#include <vector>

namespace sconce {

// How the layers of a recurrent network are stacked.
struct RecurrentOptions {
  bool has_biases = true;
  int64_t num_layers = 1;
  bool bidirectional = false;  // a second pass from the end; both results side by side
  bool batch_first = false;    // input and output are [batch, time, ...], not [time, batch, ...]
};

struct LstmResult {
  Tensor
      output;  // [time, batch, directions * H], or batch first: the hidden state of the last layer at each time
  Tensor h_n, c_n;  // [num_layers * directions, batch, H], the states after the last time
};

struct GruResult {
  Tensor output, h_n;
};

// As torch.lstm and torch.gru with dropout=0, train=False: input [time, batch, I], or batch first. The states before the
// first time are hx = {h_0, c_0}, [num_layers * directions, batch, H]. params holds for each layer, and in it for each
// direction: w_ih [4H, I], w_hh [4H, H], b_ih, b_hh [4H] (with has_biases); gates in the order input, forget, cell,
// output. With projections (h_0 narrower than c_0: P of H) w_hh is [4H, P] and w_hr [P, H] follows. All of one dtype,
// f64 f32 f16 bf16. Throw ErrorKind::invalid_argument when the shapes do not fit, ErrorKind::unsupported for another
// dtype.
LstmResult lstm(const Tensor& input, const std::vector<Tensor>& hx, const std::vector<Tensor>& params,
                const RecurrentOptions& options = {});
// The same with weights [3H, ...], gates in the order reset, update, new, and one state hx.
GruResult gru(const Tensor& input, const Tensor& hx, const std::vector<Tensor>& params,
              const RecurrentOptions& options = {});

}  // namespace sconce
