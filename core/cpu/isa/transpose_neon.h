// Square blocks of floats, turned. Included by kernels' sources alone, inside their unnamed namespace.

constexpr int kBlock = 4;

// y[i * y_pitch + j] = x[j * x_pitch + i]
inline void transpose_block(const float* x, int64_t x_pitch, float* y, int64_t y_pitch) {
  const float32x4_t a = vld1q_f32(x), b = vld1q_f32(x + x_pitch), c = vld1q_f32(x + 2 * x_pitch),
                    d = vld1q_f32(x + 3 * x_pitch);
  const float32x4x2_t ac = vzipq_f32(a, c), bd = vzipq_f32(b, d);
  const float32x4x2_t low = vzipq_f32(ac.val[0], bd.val[0]), high = vzipq_f32(ac.val[1], bd.val[1]);
  vst1q_f32(y, low.val[0]);
  vst1q_f32(y + y_pitch, low.val[1]);
  vst1q_f32(y + 2 * y_pitch, high.val[0]);
  vst1q_f32(y + 3 * y_pitch, high.val[1]);
}

// y[3 * i + c] = x_c[i] for kBlock pixels.
inline void interleave_block(const float* r, const float* g, const float* b, float* y) {
  vst3q_f32(y, float32x4x3_t{{vld1q_f32(r), vld1q_f32(g), vld1q_f32(b)}});
}
