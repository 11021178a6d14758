// The engine's LSTM and GRU layers against their definition in double, beside PyTorch's own error, for every instruction set that this
// machine has.
#include <algorithm>

#include "cpu/engine/recurrent.h"
#include "support/operator_case.h"

using namespace sconce;
using namespace sconce::engine;
using namespace sconce::test;

namespace {

struct Case {
  std::string name;
  bool is_lstm = true;
  int64_t steps, batch, inputs, hidden, directions = 1, projected = 0;
  bool bias = true, state = true;
};
const Case kCases[] = {
    {"lstm", true, 9, 1, 12, 24},
    {"lstm_batch", true, 6, 5, 7, 19, 2},
    {"lstm_bare", true, 5, 1, 3, 1, 1, 0, false, false},
    {"lstm_projected", true, 6, 4, 10, 21, 2, 11},
    {"lstm_wide_batch", true, 3, 50, 5, 16},
    {"gru", false, 9, 1, 12, 24},
    {"gru_batch", false, 6, 7, 7, 19, 2},
    {"gru_bare", false, 5, 2, 3, 9, 1, 0, false, false},
};

struct Data {
  std::vector<float> x, h0, c0;
  struct Direction {
    std::vector<float> w_ih, w_hh, b_ih, b_hh, w_hr;
  };
  std::vector<Direction> directions;
};

Data data_of(const Case& c) {
  Data d;
  const int64_t gates = c.is_lstm ? 4 : 3, size = c.projected > 0 ? c.projected : c.hidden;
  d.x = numbers(c.name + ".x", c.steps * c.batch * c.inputs);
  if (c.state) {
    d.h0 = numbers(c.name + ".h0", c.directions * c.batch * size);
    d.c0 = numbers(c.name + ".c0", c.directions * c.batch * c.hidden);
  }
  for (int64_t i = 0; i < c.directions; ++i) {
    const std::string ending = i == 0 ? "_l0" : "_l0_reverse";
    const auto weights = [&](const char* key, int64_t count) {
      std::vector<float> w = numbers(c.name + "." + key + ending, count);
      for (float& v : w) v *= 0.3f;
      return w;
    };
    Data::Direction one{weights("weight_ih", gates * c.hidden * c.inputs),
                        weights("weight_hh", gates * c.hidden * size),
                        {},
                        {},
                        {}};
    if (c.bias)
      one.b_ih = weights("bias_ih", gates * c.hidden), one.b_hh = weights("bias_hh", gates * c.hidden);
    if (c.projected > 0) one.w_hr = weights("weight_hr", c.projected * c.hidden);
    d.directions.push_back(one);
  }
  return d;
}

std::vector<RecurrentWeights> weights_of(const Data& d) {
  const auto pointer = [](const std::vector<float>& v) { return v.empty() ? nullptr : v.data(); };
  std::vector<RecurrentWeights> all;
  for (const auto& w : d.directions)
    all.push_back({pointer(w.w_ih), pointer(w.w_hh), pointer(w.b_ih), pointer(w.b_hh), pointer(w.w_hr)});
  return all;
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Output [steps, batch, directions * size], then h_n, then c_n, one behind the other.
std::vector<double> by_definition(const Case& c, const Data& d) {
  const int64_t size = c.projected > 0 ? c.projected : c.hidden, gates = c.is_lstm ? 4 : 3,
                width = c.directions * size;
  std::vector<double> y(static_cast<size_t>(c.steps * c.batch * width)), hs, cs;
  for (int64_t direction = 0; direction < c.directions; ++direction) {
    const auto& w = d.directions[static_cast<size_t>(direction)];
    for (int64_t b = 0; b < c.batch; ++b) {
      std::vector<double> h(static_cast<size_t>(size)), cell(static_cast<size_t>(c.hidden));
      for (size_t i = 0; i < h.size() && c.state; ++i)
        h[i] = static_cast<double>(d.h0[static_cast<size_t>((direction * c.batch + b) * size) + i]);
      for (size_t i = 0; i < cell.size() && c.state; ++i)
        cell[i] = static_cast<double>(d.c0[static_cast<size_t>((direction * c.batch + b) * c.hidden) + i]);
      for (int64_t s = 0; s < c.steps; ++s) {
        const int64_t step = direction == 0 ? s : c.steps - 1 - s;
        std::vector<double> from_x, from_h;
        for (int64_t r = 0; r < gates * c.hidden; ++r) {
          double px = w.b_ih.empty() ? 0 : static_cast<double>(w.b_ih[static_cast<size_t>(r)]),
                 ph = w.b_hh.empty() ? 0 : static_cast<double>(w.b_hh[static_cast<size_t>(r)]);
          for (int64_t i = 0; i < c.inputs; ++i)
            px += static_cast<double>(w.w_ih[static_cast<size_t>(r * c.inputs + i)]) *
                  static_cast<double>(d.x[static_cast<size_t>((step * c.batch + b) * c.inputs + i)]);
          for (int64_t i = 0; i < size; ++i)
            ph += static_cast<double>(w.w_hh[static_cast<size_t>(r * size + i)]) * h[static_cast<size_t>(i)];
          from_x.push_back(px), from_h.push_back(ph);
        }
        std::vector<double> next;
        for (int64_t u = 0; u < c.hidden; ++u) {
          const auto sum = [&](int64_t g) {
            return from_x[static_cast<size_t>(g * c.hidden + u)] +
                   from_h[static_cast<size_t>(g * c.hidden + u)];
          };
          if (c.is_lstm) {
            double& state = cell[static_cast<size_t>(u)];
            state = logistic(sum(1)) * state + logistic(sum(0)) * std::tanh(sum(2));
            next.push_back(logistic(sum(3)) * std::tanh(state));
          } else {
            const double r = logistic(sum(0)), z = logistic(sum(1));
            const auto at = static_cast<size_t>(2 * c.hidden + u);
            const double n = std::tanh(from_x[at] + r * from_h[at]);
            next.push_back((1 - z) * n + z * h[static_cast<size_t>(u)]);
          }
        }
        if (c.projected > 0)
          for (int64_t p = 0; p < size; ++p) {
            h[static_cast<size_t>(p)] = 0;
            for (int64_t u = 0; u < c.hidden; ++u)
              h[static_cast<size_t>(p)] +=
                  static_cast<double>(w.w_hr[static_cast<size_t>(p * c.hidden + u)]) *
                  next[static_cast<size_t>(u)];
          }
        else
          h = next;
        for (int64_t i = 0; i < size; ++i)
          y[static_cast<size_t>((step * c.batch + b) * width + direction * size + i)] =
              h[static_cast<size_t>(i)];
      }
      hs.insert(hs.end(), h.begin(), h.end());
      cs.insert(cs.end(), cell.begin(), cell.end());
    }
  }
  y.insert(y.end(), hs.begin(), hs.end());
  if (c.is_lstm) y.insert(y.end(), cs.begin(), cs.end());
  return y;
}

}  // namespace

TEST_CASE(
    "LSTM and GRU beside PyTorch's error: both directions, batches, projections, with and without biases and "
    "states") {
  for (const isa::Kernels& kernels : all_kernels())
    for (const Case& c : kCases) {
      CAPTURE(kernels.name);
      CAPTURE(c.name);
      const Data d = data_of(c);
      const std::vector<RecurrentWeights> weights = weights_of(d);
      const int64_t size = c.projected > 0 ? c.projected : c.hidden, gates = c.is_lstm ? 4 : 3,
                    rows = c.steps * c.batch;
      // What the Linear before gives, summed in f32 as it does.
      const RecurrentProjection projection = c.is_lstm ? lstm_projection(weights, c.hidden, c.inputs)
                                                       : gru_projection(weights, c.hidden, c.inputs);
      const int64_t width = c.directions * gates * c.hidden;
      REQUIRE(static_cast<int64_t>(projection.bias.size()) == width);
      std::vector<float> products(static_cast<size_t>(rows * width));
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t o = 0; o < width; ++o) {
          float sum = 0;
          for (int64_t i = 0; i < c.inputs; ++i)
            sum += projection.weight[static_cast<size_t>(o * c.inputs + i)] *
                   d.x[static_cast<size_t>(r * c.inputs + i)];
          products[static_cast<size_t>(r * width + o)] =
              sum + static_cast<float>(projection.bias[static_cast<size_t>(o)]);
        }
      const int64_t pitch = width + 3, output_pitch = c.directions * size + 2;
      Rows in(products, rows, width, pitch), out(rows, c.directions * size, output_pitch);
      const RecurrentGeometry g{.steps = c.steps,
                                .batch = c.batch,
                                .hidden = c.hidden,
                                .projected = c.projected,
                                .directions = c.directions,
                                .gates = {c.batch * pitch, pitch},
                                .output = {c.batch * output_pitch, output_pitch}};
      VectorPacks packs;
      const auto op =
          c.is_lstm ? make_lstm(g, weights, kernels, packs) : make_gru(g, weights, kernels, packs);
      std::vector<float> h_n(static_cast<size_t>(c.directions * c.batch * size)),
          c_n(static_cast<size_t>(c.directions * c.batch * c.hidden));
      const std::vector<const void*> inputs = {in.data(), c.state ? d.h0.data() : nullptr,
                                               c.state ? d.c0.data() : nullptr};
      run(*op, inputs, {out.data(), h_n.data(), c_n.data()});
      CHECK(out.guarded());
      std::vector<float> all = out.values();
      all.insert(all.end(), h_n.begin(), h_n.end());
      if (c.is_lstm) all.insert(all.end(), c_n.begin(), c_n.end());
      check_beside_torch(c.name, all, by_definition(c, d));

      const std::vector<float> together = out.values();
      run(*op, inputs, {out.data(), nullptr, nullptr}, true);
      CHECK(out.values() == together);

      // Batch before time.
      if (c.batch > 1) {
        Rows in2(rows, width, pitch), out2(rows, c.directions * size, output_pitch);
        for (int64_t s = 0; s < c.steps; ++s)
          for (int64_t b = 0; b < c.batch; ++b)
            for (int64_t o = 0; o < width; ++o) in2.at(b * c.steps + s, o) = in.at(s * c.batch + b, o);
        RecurrentGeometry other = g;
        other.gates = {pitch, c.steps * pitch}, other.output = {output_pitch, c.steps * output_pitch};
        const auto batch_first =
            c.is_lstm ? make_lstm(other, weights, kernels, packs) : make_gru(other, weights, kernels, packs);
        run(*batch_first, {in2.data(), inputs[1], inputs[2]}, {out2.data(), nullptr, nullptr});
        for (int64_t s = 0; s < c.steps; ++s)
          for (int64_t b = 0; b < c.batch; ++b)
            for (int64_t i = 0; i < c.directions * size; ++i)
              REQUIRE(out2.at(b * c.steps + s, i) == out.at(s * c.batch + b, i));
      }
    }
}
