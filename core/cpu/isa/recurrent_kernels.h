// One step of LSTM and GRU. Included by kernels' sources alone, inside their unnamed namespace, after row_vectors.h and math.h. The source
// says with kGateRows for how many sequences the gates of one vector of units fit into registers.

// sums[b][i][g] = sum over k of h[i][k] * weights of block b [k][g]: all gates of Blocks * Vec::size units. One sequence alone takes two
// blocks at a time: otherwise it would wait for its own additions. Weights come from the outer caches at one sequence's pace, so what will
// be read is fetched early: kAhead steps of k further, or from the blocks that follow.
constexpr int64_t kAhead = 16;
template <int Blocks, int Rows, int Gates>
inline void gate_sums(const float* h, int64_t pitch, const float* weights, int64_t k,
                      Vec (&sums)[Blocks][Rows][Gates]) {
  constexpr int64_t kStep = Gates * Vec::size;
  const int64_t block = k * kStep;
  for (int b = 0; b < Blocks; ++b)
    for (int i = 0; i < Rows; ++i)
      for (int g = 0; g < Gates; ++g) sums[b][i][g] = Vec::zero();
  const auto add = [&](int64_t begin, int64_t end, int64_t ahead) {
    for (int64_t at = begin; at < end; ++at)
      for (int b = 0; b < Blocks; ++b) {
        const float* w = weights + b * block + at * kStep;
        if (Rows == 1)
          for (int64_t line = 0; line < kStep; line += 16) __builtin_prefetch(w + ahead + line);
        Vec x[Gates];
        for (int g = 0; g < Gates; ++g) x[g] = Vec::load(w + g * Vec::size);
        for (int i = 0; i < Rows; ++i) {
          const Vec y = Vec::broadcast(h[i * pitch + at]);
          for (int g = 0; g < Gates; ++g) sums[b][i][g] = Vec::fma(y, x[g], sums[b][i][g]);
        }
      }
  };
  const int64_t last = k > kAhead ? k - kAhead : 0;
  add(0, last, kAhead * kStep);
  add(last, k, kAhead * kStep + (Blocks - 1) * block);
}

// What follows the sums: the new state of the units of one sequence. `part` are the units that exist.
struct LstmCell {
  static constexpr int gates = 4;
  template <class PartOf>
  [[gnu::noinline]] static void finish(const RecurrentCall& call, int64_t sequence, int64_t unit,
                                       const Vec (&sums)[4], PartOf part) {
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
  [[gnu::noinline]] static void finish(const RecurrentCall& call, int64_t sequence, int64_t unit,
                                       const Vec (&sums)[3], PartOf part) {
    const float* x = call.gates + sequence * call.gates_pitch + unit;
    const Vec r = sigmoid(sums[0] + part.load(x)), z = sigmoid(sums[1] + part.load(x + call.hidden));
    const Vec inner = call.bias ? sums[2] + part.load(call.bias + unit) : sums[2];
    const Vec n = tanh(Vec::fma(r, inner, part.load(x + 2 * call.hidden)));
    const Vec h = part.load(call.h + sequence * call.h_pitch + unit);
    part.store(Vec::fma(h - n, z, n), call.y + sequence * call.y_pitch + unit);
  }
};

// Blocks blocks of units of Rows sequences.
template <class Cell, int Blocks, int Rows>
inline void update(const RecurrentCall& call, int64_t sequence, int64_t block) {
  const float* weights = call.weights + block * call.k * Cell::gates * Vec::size;
  Vec sums[Blocks][Rows][Cell::gates];
  gate_sums<Blocks, Rows, Cell::gates>(call.h + sequence * call.h_pitch, call.h_pitch, weights, call.k, sums);
  for (int b = 0; b < Blocks; ++b) {
    const int64_t unit = (block + b) * Vec::size, left = call.hidden - unit;
    for (int i = 0; i < Rows; ++i)
      if (left >= Vec::size)
        Cell::finish(call, sequence + i, unit, sums[b][i], Whole{});
      else
        Cell::finish(call, sequence + i, unit, sums[b][i], Part{static_cast<int>(left)});
  }
}
template <class Cell, int Rows>
inline void update_rows(int64_t rows, const RecurrentCall& call, int64_t sequence, int64_t block) {
  if constexpr (Rows > 0) {
    if (rows == Rows) return update<Cell, 1, Rows>(call, sequence, block);
    update_rows<Cell, Rows - 1>(rows, call, sequence, block);
  }
}

template <class Cell>
void recurrent_step(const RecurrentCall& call) {
  const int64_t blocks = (call.hidden + Vec::size - 1) / Vec::size;
  int64_t block = 0;
  if (call.batch == 1)
    for (; block + 2 <= blocks; block += 2) update<Cell, 2, 1>(call, 0, block);
  for (; block < blocks; ++block)
    for (int64_t i = 0; i < call.batch; i += kGateRows)
      update_rows<Cell, kGateRows>(call.batch - i < kGateRows ? call.batch - i : kGateRows, call, i, block);
}
