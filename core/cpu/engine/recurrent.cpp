// LSTM and GRU layers as operators: one piece walks all steps of a direction for some sequences of the batch.
#include "cpu/engine/recurrent.h"

#include <algorithm>

#include "cpu/engine/split.h"
#include "cpu/isa/tokens.h"

namespace sconce::engine {
namespace {

constexpr int64_t kLstmGates = 4, kGruGates = 3;

RecurrentProjection projection(const std::vector<RecurrentWeights>& directions, int64_t gates, int64_t hidden,
                               int64_t inputs) {
  RecurrentProjection all;
  const int64_t rows = gates * hidden;
  for (const RecurrentWeights& w : directions) {
    all.weight.insert(all.weight.end(), w.w_ih, w.w_ih + rows * inputs);
    for (int64_t i = 0; i < rows; ++i) {
      double bias = w.b_ih ? static_cast<double>(w.b_ih[i]) : 0.0;
      const bool inside = gates == kGruGates && i >= 2 * hidden;
      if (w.b_hh && !inside) bias += static_cast<double>(w.b_hh[i]);
      all.bias.push_back(bias);
    }
  }
  return all;
}

// [units / vector][k][gates][vector], zeros for the units that do not exist.
void pack_gates(const float* w, int64_t gates, int64_t hidden, int64_t k, int64_t vector, float* packed) {
  for (int64_t block = 0; block < hidden; block += vector)
    for (int64_t c = 0; c < k; ++c)
      for (int64_t g = 0; g < gates; ++g)
        for (int64_t u = block; u < block + vector; ++u)
          *packed++ = u < hidden ? w[(g * hidden + u) * k + c] : 0.f;
}
// [rows / panel][k][panel]: the matrix transposed, as the kernel `product` takes it.
void pack_product(const float* w, int64_t rows, int64_t k, int64_t panel, float* packed) {
  for (int64_t block = 0; block < rows; block += panel)
    for (int64_t c = 0; c < k; ++c)
      for (int64_t r = block; r < block + panel; ++r) *packed++ = r < rows ? w[r * k + c] : 0.f;
}

int64_t rounded_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

class Recurrent final : public Operator {
 public:
  Recurrent(const RecurrentGeometry& g, int64_t gates, const std::vector<RecurrentWeights>& directions,
            const isa::Kernels& kernels, Packs& packs)
      : g_(g), gates_(gates), kernels_(kernels), split_{g.batch, sequences_of_piece(g.batch)} {
    const int64_t vector = kernels.tokens->vector, panel = kernels.tokens->panel, k = g.output_size();
    for (const RecurrentWeights& w : directions) {
      Direction d;
      d.w_hh = packs.add(rounded_up(g.hidden, vector) * gates * k,
                         [&](float* to) { pack_gates(w.w_hh, gates, g.hidden, k, vector, to); });
      if (gates == kGruGates && w.b_hh)
        d.bias = packs.add(g.hidden, [&](float* to) { std::copy_n(w.b_hh + 2 * g.hidden, g.hidden, to); });
      if (g.projected > 0)
        d.w_hr = packs.add(rounded_up(g.projected, panel) * g.hidden,
                           [&](float* to) { pack_product(w.w_hr, g.projected, g.hidden, panel, to); });
      directions_.push_back(d);
    }
  }

  int64_t pieces() const override { return g_.directions * split_.pieces(); }
  // Zeros for a missing h0, cells, and states before their projection.
  int64_t scratch_bytes() const override {
    return 4 * split_.each *
           (pitch(g_.output_size()) + pitch(g_.hidden) + (g_.projected > 0 ? pitch(g_.hidden) : 0));
  }

  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override {
    for (int64_t piece = begin; piece < end; ++piece)
      walk(piece / split_.pieces(), piece % split_.pieces(), operands, static_cast<float*>(scratch));
  }

  std::string algorithm() const override {
    return std::string(gates_ == kLstmGates ? "lstm" : "gru") + (g_.directions > 1 ? " both ways " : " ") +
           kernels_.name;
  }
  double flops() const override {
    const double products =
        static_cast<double>(gates_ * g_.hidden * g_.output_size() + g_.hidden * g_.projected);
    return 2.0 * products * static_cast<double>(g_.steps * g_.batch * g_.directions);
  }
  double bytes() const override {
    const double weights =
        static_cast<double>(gates_ * g_.hidden * g_.output_size() + g_.hidden * g_.projected);
    const double rows =
        static_cast<double>(g_.steps * g_.batch) * static_cast<double>(gates_ * g_.hidden + g_.output_size());
    return 4.0 * static_cast<double>(g_.directions) * (weights + rows);
  }

 private:
  struct Direction {
    const float* w_hh = nullptr;
    const float* bias = nullptr;
    const float* w_hr = nullptr;
  };
  // Equal pieces of at most twelve: more would leave threads without work, fewer would read the weights more often.
  static int64_t sequences_of_piece(int64_t batch) {
    const int64_t pieces = std::max<int64_t>((batch + 11) / 12, 1);
    return (batch + pieces - 1) / pieces;
  }

  static int64_t pitch(int64_t n) { return rounded_up(n, 16); }

  void walk(int64_t direction, int64_t part, const Operands& operands, float* scratch) const {
    const isa::TokensKernels& kernels = *kernels_.tokens;
    const Direction& weights = directions_[static_cast<size_t>(direction)];
    const int64_t first = split_.begin(part), batch = split_.begin(part + 1) - first, size = g_.output_size();
    const int64_t state = direction * g_.batch + first;
    float* zeros = scratch;
    float* cells = zeros + split_.each * pitch(size);
    float* unprojected = cells + split_.each * pitch(g_.hidden);
    const bool is_lstm = gates_ == kLstmGates;
    if (is_lstm)
      for (int64_t i = 0; i < batch; ++i) {
        float* cell = cells + i * pitch(g_.hidden);
        if (operands.inputs[2])
          std::copy_n(operands.in(2) + (state + i) * g_.hidden, g_.hidden, cell);
        else
          std::fill_n(cell, g_.hidden, 0.f);
      }

    isa::RecurrentCall call{};
    call.weights = weights.w_hh, call.bias = weights.bias;
    call.c = cells, call.c_pitch = pitch(g_.hidden);
    call.gates_pitch = g_.gates.sequence;
    call.batch = batch, call.k = size, call.hidden = g_.hidden;
    if (operands.inputs[1]) {
      call.h = operands.in(1) + state * size, call.h_pitch = size;
    } else {
      std::fill_n(zeros, size, 0.f);
      call.h = zeros, call.h_pitch = 0;
    }
    const float* gates = operands.in(0) + (first * g_.gates.sequence + direction * gates_ * g_.hidden);
    float* output = operands.out(0) + (first * g_.output.sequence + direction * size);
    for (int64_t i = 0; i < g_.steps; ++i) {
      const int64_t step = direction == 0 ? i : g_.steps - 1 - i;
      float* y = output + step * g_.output.step;
      call.gates = gates + step * g_.gates.step;
      call.y = g_.projected > 0 ? unprojected : y;
      call.y_pitch = g_.projected > 0 ? pitch(g_.hidden) : g_.output.sequence;
      (is_lstm ? kernels.lstm : kernels.gru)(call);
      if (g_.projected > 0)
        kernels.product(unprojected, call.y_pitch, batch, weights.w_hr, g_.hidden, size, y,
                        g_.output.sequence);
      call.h = y, call.h_pitch = g_.output.sequence;
    }
    for (int64_t i = 0; i < batch; ++i) {
      if (operands.outputs[1])
        std::copy_n(call.h + i * call.h_pitch, size, operands.out(1) + (state + i) * size);
      if (is_lstm && operands.outputs[2])
        std::copy_n(cells + i * pitch(g_.hidden), g_.hidden, operands.out(2) + (state + i) * g_.hidden);
    }
  }

  RecurrentGeometry g_;
  int64_t gates_;
  const isa::Kernels& kernels_;
  Split split_;
  std::vector<Direction> directions_;
};

}  // namespace

RecurrentProjection lstm_projection(const std::vector<RecurrentWeights>& directions, int64_t hidden,
                                    int64_t inputs) {
  return projection(directions, kLstmGates, hidden, inputs);
}
RecurrentProjection gru_projection(const std::vector<RecurrentWeights>& directions, int64_t hidden,
                                   int64_t inputs) {
  return projection(directions, kGruGates, hidden, inputs);
}

std::unique_ptr<Operator> make_lstm(const RecurrentGeometry& geometry,
                                    const std::vector<RecurrentWeights>& directions,
                                    const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<Recurrent>(geometry, kLstmGates, directions, kernels, packs);
}
std::unique_ptr<Operator> make_gru(const RecurrentGeometry& geometry,
                                   const std::vector<RecurrentWeights>& directions,
                                   const isa::Kernels& kernels, Packs& packs) {
  return std::make_unique<Recurrent>(geometry, kGruGates, directions, kernels, packs);
}

}  // namespace sconce::engine
