// One step of LSTM and GRU. Included by kernels' sources alone, inside their unnamed namespace, after row_vectors.h and math.h. The source
// says with kGateRows for how many sequences the gates of one vector of units fit into registers.

// sums[i][g] = sum over k of h[i][k] * weights[k][g]: all gates of Vec::size units. Chains: one sequence alone would wait for its
// own additions, so even and odd k are summed apart.
template <int Rows, int Gates, int Chains>
inline void gate_sums(const float* h, int64_t pitch, const float* weights, int64_t k,
                      Vec (&sums)[Rows][Gates]) {
  Vec all[Chains][Rows][Gates];
  for (int s = 0; s < Chains; ++s)
    for (int i = 0; i < Rows; ++i)
      for (int g = 0; g < Gates; ++g) all[s][i][g] = Vec::zero();
  const auto add = [&](int s, int64_t at) {
    const float* w = weights + at * (Gates * Vec::size);
    Vec b[Gates];
    for (int g = 0; g < Gates; ++g) b[g] = Vec::load(w + g * Vec::size);
    for (int i = 0; i < Rows; ++i) {
      const Vec x = Vec::broadcast(h[i * pitch + at]);
      for (int g = 0; g < Gates; ++g) all[s][i][g] = Vec::fma(x, b[g], all[s][i][g]);
    }
  };
  int64_t at = 0;
  for (; at + Chains <= k; at += Chains)
    for (int s = 0; s < Chains; ++s) add(s, at + s);
  for (; at < k; ++at) add(0, at);
  for (int i = 0; i < Rows; ++i)
    for (int g = 0; g < Gates; ++g) {
      sums[i][g] = all[0][i][g];
      for (int s = 1; s < Chains; ++s) sums[i][g] = sums[i][g] + all[s][i][g];
    }
}

// What follows the sums: the new state of the units of one sequence. `part` are the units that exist.
struct LstmCell {
  static constexpr int gates = 4;
  template <class PartOf>
  static void finish(const RecurrentCall& call, int64_t sequence, int64_t unit, const Vec (&sums)[4],
                     PartOf part) {
    const float* x = call.gates + sequence * call.gates_pitch + unit;
    float* cell = call.c + sequence * call.c_pitch + unit;
    const Vec i = sigmoid(sums[0] + part.load(x)), f = sigmoid(sums[1] + part.load(x + call.hidden)),
              g = tanh(sums[2] + part.load(x + 2 * call.hidden)),
              o = sigmoid(sums[3] + part.load(x + 3 * call.hidden));
    const Vec c = Vec::fma(f, part.load(cell), i * g);
    part.store(c, cell);
    part.store(o * tanh(c), call.y + sequence * call.y_pitch + unit);
  }
};
struct GruCell {
  static constexpr int gates = 3;
  template <class PartOf>
  static void finish(const RecurrentCall& call, int64_t sequence, int64_t unit, const Vec (&sums)[3],
                     PartOf part) {
    const float* x = call.gates + sequence * call.gates_pitch + unit;
    const Vec r = sigmoid(sums[0] + part.load(x)), z = sigmoid(sums[1] + part.load(x + call.hidden));
    const Vec inner = call.bias ? sums[2] + part.load(call.bias + unit) : sums[2];
    const Vec n = tanh(Vec::fma(r, inner, part.load(x + 2 * call.hidden)));
    const Vec h = part.load(call.h + sequence * call.h_pitch + unit);
    part.store(Vec::fma(h - n, z, n), call.y + sequence * call.y_pitch + unit);
  }
};

template <class Cell, int Rows>
inline void update(const RecurrentCall& call, int64_t sequence, int64_t unit, const float* weights) {
  Vec sums[Rows][Cell::gates];
  gate_sums<Rows, Cell::gates, Rows == 1 ? 2 : 1>(call.h + sequence * call.h_pitch, call.h_pitch, weights,
                                                  call.k, sums);
  const int64_t left = call.hidden - unit;
  for (int i = 0; i < Rows; ++i)
    if (left >= Vec::size)
      Cell::finish(call, sequence + i, unit, sums[i], Whole{});
    else
      Cell::finish(call, sequence + i, unit, sums[i], Part{static_cast<int>(left)});
}
template <class Cell, int Rows>
inline void update_rows(int64_t rows, const RecurrentCall& call, int64_t sequence, int64_t unit,
                        const float* weights) {
  if constexpr (Rows > 0) {
    if (rows == Rows) return update<Cell, Rows>(call, sequence, unit, weights);
    update_rows<Cell, Rows - 1>(rows, call, sequence, unit, weights);
  }
}

template <class Cell>
void recurrent_step(const RecurrentCall& call) {
  const int64_t blocks = (call.hidden + Vec::size - 1) / Vec::size;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t block = call.backwards ? blocks - 1 - b : b;
    const float* weights = call.weights + block * call.k * Cell::gates * Vec::size;
    for (int64_t i = 0; i < call.batch; i += kGateRows)
      update_rows<Cell, kGateRows>(call.batch - i < kGateRows ? call.batch - i : kGateRows, call, i,
                                   block * Vec::size, weights);
  }
}
