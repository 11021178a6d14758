// Depthwise convolution. Included by vision_<isa>.cpp alone, inside its unnamed namespace.

constexpr int kLine = 16 > Vec::size ? 16 / Vec::size : 1;  // vectors in a cache line

// N neighbouring outputs of a K x K kernel at stride S: each input is loaded once a kernel row and serves up to K of them. Bit i of
// `inside` says whether input column i of the window lies inside the image.
template <int K, int S, int N, bool Clip>
inline void depthwise_sums(const float* x, int64_t x_row, int64_t x_pitch, const float* weight, int64_t weight_pitch, int first,
                           int last, uint32_t inside, Vec (&sums)[N]) {
#pragma GCC unroll 1
  for (int ky = first; ky < last; ++ky) {
    const float* w = weight + ky * K * weight_pitch;
    Vec taps[K];
#pragma GCC unroll 8
    for (int i = 0; i < K; ++i) taps[i] = Vec::load(w + i * weight_pitch);
    const float* at = x + ky * x_row;
#pragma GCC unroll 24
    for (int i = 0; i < (N - 1) * S + K; ++i, at += x_pitch) {
      if (Clip && !(inside >> i & 1)) continue;
      const Vec v = Vec::load(at);
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n)
        if (i - n * S >= 0 && i - n * S < K) sums[n] = Vec::fma(v, taps[i - n * S], sums[n]);
    }
  }
}

// A row of outputs for one vector of channels, N at a time; the last N may overlap those before, which gives the same bits again.
template <int K, int S, int N>
inline Vec depthwise_row(const DepthwiseCall& a, int64_t c, int64_t oy, int channels, const Finish& finish) {
  const int64_t y0 = oy * S - a.pad_h;
  const int first = static_cast<int>(y0 < 0 ? -y0 : 0), last = static_cast<int>(a.h - y0 < K ? a.h - y0 : K);
  const Vec bias = Vec::load(a.bias + c);
  Vec total = Vec::zero();
  for (int64_t next = 0; next < a.w_out; next += N) {
    const int64_t ox = next + N <= a.w_out ? next : a.w_out - N, x0 = ox * S - a.pad_w;
    const float* x = a.x + c + y0 * a.x_row + x0 * a.x_pitch;
    constexpr int width = (N - 1) * S + K;
    Vec sums[N];
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) sums[n] = bias;
    if (x0 >= 0 && x0 + width <= a.w) {
      depthwise_sums<K, S, N, false>(x, a.x_row, a.x_pitch, a.weight + c, a.weight_pitch, first, last, 0, sums);
    } else {
      uint32_t inside = 0;
      for (int i = 0; i < width; ++i)
        if (x0 + i >= 0 && x0 + i < a.w) inside |= 1u << i;
      depthwise_sums<K, S, N, true>(x, a.x_row, a.x_pitch, a.weight + c, a.weight_pitch, first, last, inside, sums);
    }
    if (a.residual) {
      const float* r = a.residual + c + oy * a.residual_row + ox * a.residual_pitch;
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n) sums[n] = sums[n] + Vec::load(r + n * a.residual_pitch);
    }
    finish.apply(sums);
    float* y = a.y + c + oy * a.y_row + ox * a.y_pitch;
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) store_channels(sums[n], y + n * a.y_pitch, channels);
    if (a.means) {
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n)
        if (ox + n >= next) total = total + sums[n];
    }
  }
  return total;
}

// Any kernel, one output at a time.
inline Vec depthwise_any_row(const DepthwiseCall& a, int64_t c, int64_t oy, int channels, const Finish& finish) {
  const int64_t y0 = oy * a.stride_h - a.pad_h;
  Vec total = Vec::zero();
  for (int64_t ox = 0; ox < a.w_out; ++ox) {
    const int64_t x0 = ox * a.stride_w - a.pad_w;
    Vec sum[1] = {Vec::load(a.bias + c)};
    for (int ky = 0; ky < a.kernel_h; ++ky) {
      const int64_t y = y0 + ky * a.dilation_h;
      if (y < 0 || y >= a.h) continue;
      for (int kx = 0; kx < a.kernel_w; ++kx) {
        const int64_t x = x0 + kx * a.dilation_w;
        if (x < 0 || x >= a.w) continue;
        sum[0] = Vec::fma(Vec::load(a.x + c + y * a.x_row + x * a.x_pitch),
                          Vec::load(a.weight + c + (ky * a.kernel_w + kx) * a.weight_pitch), sum[0]);
      }
    }
    if (a.residual) sum[0] = sum[0] + Vec::load(a.residual + c + oy * a.residual_row + ox * a.residual_pitch);
    finish.apply(sum);
    store_channels(sum[0], a.y + c + oy * a.y_row + ox * a.y_pitch, channels);
    total = total + sum[0];
  }
  return total;
}

// A cache line of channels goes through all rows before the next one: so its input rows stay in the first-level cache.
template <class Row>
inline void depthwise_rows(const DepthwiseCall& a, Row row) {
  const Finish finish(a.activation);
  for (int64_t line = 0; line < a.channels; line += kLine * Vec::size) {
    Vec totals[kLine];
    for (int v = 0; v < kLine; ++v) totals[v] = Vec::zero();
    for (int64_t oy = a.begin; oy < a.end; ++oy)
      for (int v = 0; v < kLine; ++v) {
        const int64_t c = line + v * Vec::size;
        if (c >= a.channels) break;
        totals[v] = totals[v] + row(a, c, oy, static_cast<int>(a.channels - c), finish);
      }
    for (int v = 0; a.means && v < kLine; ++v) {
      const int64_t c = line + v * Vec::size;
      if (c < a.channels)
        store_channels(totals[v] * Vec::broadcast(a.mean_factor), a.means + c, static_cast<int>(a.channels - c));
    }
  }
}

template <int K, int S>
inline void depthwise_square(const DepthwiseCall& a) {
  if constexpr (kDepthwiseOutputs > 1) {
    if (a.w_out >= kDepthwiseOutputs) return depthwise_rows(a, depthwise_row<K, S, kDepthwiseOutputs>);
    if (a.w_out >= 4) return depthwise_rows(a, depthwise_row<K, S, 4>);
  }
  depthwise_rows(a, depthwise_row<K, S, 1>);
}

void depthwise(const DepthwiseCall& a) {
  const bool square = a.kernel_h == a.kernel_w && a.stride_h == a.stride_w && a.dilation_h == 1 && a.dilation_w == 1;
  switch (square && a.stride_h <= 2 ? a.kernel_h * 10 + a.stride_h : 0) {
    case 31: return depthwise_square<3, 1>(a);
    case 32: return depthwise_square<3, 2>(a);
    case 51: return depthwise_square<5, 1>(a);
    case 52: return depthwise_square<5, 2>(a);
    case 71: return depthwise_square<7, 1>(a);
    case 72: return depthwise_square<7, 2>(a);
    default: depthwise_rows(a, depthwise_any_row);
  }
}
