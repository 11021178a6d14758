// The ends of a tile of products. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h, math.h, activate.h,
// where sconce::isa::Epilogue is known.

// The activations that are more than a few instructions: a second pass over the tile, while it is in the first-level cache.
[[gnu::noinline]] void activate_tile(Activation activation, float* c, int64_t c_pitch, int rows,
                                     int columns) {
  with_activation(activation, [=](auto constant) {
    constexpr Activation A = decltype(constant)::value;
    float* row = c;
    for (int i = 0; i < rows; ++i, row += c_pitch) {
      int n = 0;
      for (; n + Vec::size <= columns; n += Vec::size) activate<A>(Vec::load(row + n)).store(row + n);
      if (n < columns) activate<A>(Vec::load_first(row + n, columns - n)).store_first(row + n, columns - n);
    }
  });
}

// Bias, residual, activation, and out.
template <int R, int V, class Call>
[[gnu::always_inline]] inline void finish(const Call& g, Vec (&sums)[R][V]) {
  constexpr int last = V - 1;
  const Epilogue* e = g.epilogue;
  if (e) {
    if (e->bias) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        const Vec bias = Vec::load(e->bias + v * Vec::size);
#pragma GCC unroll 16
        for (int i = 0; i < R; ++i) sums[i][v] = sums[i][v] + bias;
      }
    }
    if (e->residual) {
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v)
          sums[i][v] = sums[i][v] + Vec::load(e->residual + i * e->residual_pitch + v * Vec::size);
    }
    if (e->activation == Activation::relu || e->activation == Activation::relu6) {
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[i][v] = activate<Activation::relu>(sums[i][v]);
    }
    if (e->activation == Activation::relu6) {
      const Vec six = Vec::broadcast(6.f);
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[i][v] = Vec::min(six, sums[i][v]);
    }
  }
  const int rest = static_cast<int>(g.columns) - last * Vec::size;
#pragma GCC unroll 16
  for (int i = 0; i < R; ++i) {
    float* c = g.c + i * g.c_pitch;
#pragma GCC unroll 4
    for (int v = 0; v < last; ++v) sums[i][v].store(c + v * Vec::size);
    if (rest == Vec::size)
      sums[i][last].store(c + last * Vec::size);
    else
      sums[i][last].store_first(c + last * Vec::size, rest);
  }
  if (e && e->activation > Activation::relu6)
    activate_tile(e->activation, g.c, g.c_pitch, R, static_cast<int>(g.columns));
}
