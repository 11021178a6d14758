// Square blocks of floats, turned. Included by kernels' sources alone, inside their unnamed namespace.

constexpr int kBlock = 4;

// y[i * y_pitch + j] = x[j * x_pitch + i]
inline void transpose_block(const float* x, int64_t x_pitch, float* y, int64_t y_pitch) {
  for (int i = 0; i < kBlock; ++i)
    for (int j = 0; j < kBlock; ++j) y[i * y_pitch + j] = x[j * x_pitch + i];
}

// y[3 * i + c] = x_c[i] for kBlock pixels.
inline void interleave_block(const float* r, const float* g, const float* b, float* y) {
  for (int i = 0; i < kBlock; ++i) y[3 * i] = r[i], y[3 * i + 1] = g[i], y[3 * i + 2] = b[i];
}
