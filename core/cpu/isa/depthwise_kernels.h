// Depthwise convolution. Included by vision_<isa>.cpp alone, inside its unnamed namespace.

constexpr int kLine = 16;           // floats of packed weights that belong to one tap
constexpr int kMostChannels = 256;  // that go through all rows before the next ones do

// The weights of the channels from c on: [channels / 16][taps][16].
inline const float* line_of(const float* weight, int taps, int64_t c) {
  return weight + c / kLine * taps * kLine + c % kLine;
}

// N neighbouring outputs of a K x K kernel at stride S: each input is loaded once a kernel row and serves up to K of them. `Inside` says
// which of the window's columns lie inside the image.
template <int K, int S, int N, class Inside>
inline void depthwise_sums(const float* const* rows, int64_t offset, int64_t x_pitch, const float* weight,
                           int first, int last, Inside inside, Vec (&sums)[N]) {
#pragma GCC unroll 1
  for (int ky = first; ky < last; ++ky) {
    const float* w = weight + ky * K * kLine;
    Vec taps[K];
#pragma GCC unroll 8
    for (int i = 0; i < K; ++i) taps[i] = Vec::load(w + i * kLine);
    const float* at = rows[ky] + offset;
#pragma GCC unroll 24
    for (int i = 0; i < (N - 1) * S + K; ++i, at += x_pitch) {
      if (!inside(i)) continue;
      const Vec v = Vec::load(at);
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n)
        if (i - n * S >= 0 && i - n * S < K) sums[n] = Vec::fma(v, taps[i - n * S], sums[n]);
    }
  }
}

// Columns [Before, End) of the window.
template <int Before, int End>
struct Columns {
  constexpr bool operator()(int i) const { return i >= Before && i < End; }
};
struct MaskedColumns {
  uint32_t mask;
  bool operator()(int i) const { return mask >> i & 1; }
};

// Where row y of the input begins; of rows outside the image nothing is read.
inline const float* depthwise_input_row(const DepthwiseCall& a, int64_t y) { return a.x + y * a.x_row; }

// N neighbouring outputs of one row, for all vectors of a block of channels.
struct DepthwiseBlock {
  const float* const* rows;  // of the window: the image's first column, at the block's first channel
  int64_t offset;            // from there to the window's first column, perhaps outside the image
  const float* weight;
  const float* bias;
  const float* residual;  // or null
  float* y;
  int first, last;  // rows of the window that lie inside the image
  int64_t channels;
  int known;  // outputs at the beginning that other blocks have counted into the means
  Vec* totals;
};

template <int K, int S, int N, class Inside>
inline void depthwise_block(const DepthwiseCall& a, const DepthwiseBlock& b, const Finish& finish,
                            Inside inside) {
  const int64_t x_row = a.x_row, x_pitch = a.x_pitch, y_pitch = a.y_pitch;
  const bool far =
      a.h * x_row > 100'000;  // beyond the second-level cache: the row that comes next is worth a prefetch
  for (int64_t c = 0; c < b.channels; c += Vec::size) {
    const float* weight = b.weight + c / kLine * (K * K * kLine) + c % kLine;
    if (S == 1 && far && c % kLine == 0) {
#pragma GCC unroll 7
      for (int n = 0; n < N; ++n) __builtin_prefetch(b.rows[K - 1] + b.offset + c + x_row + n * x_pitch);
    }
    Vec sums[N];
    const Vec bias = Vec::load(b.bias + c);
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) sums[n] = bias;
    depthwise_sums<K, S, N>(b.rows, b.offset + c, x_pitch, weight, b.first, b.last, inside, sums);
    if (b.residual) {
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n) sums[n] = sums[n] + Vec::load(b.residual + c + n * a.residual_pitch);
    }
    finish.apply(sums);
    float* y = b.y + c;
    if (c + Vec::size <= b.channels) {
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n, y += y_pitch) sums[n].store(y);
    } else {
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n, y += y_pitch) sums[n].store_first(y, static_cast<int>(b.channels - c));
    }
    if (a.means) {
      Vec total = b.totals[c / Vec::size];
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n)
        if (n >= b.known) total = total + sums[n];
      b.totals[c / Vec::size] = total;
    }
  }
}

// The borders that images usually have, `before` and `after` columns of the window outside, are compiled without tests.
template <int K, int S, int N>
inline void depthwise_clipped_block(const DepthwiseCall& a, const DepthwiseBlock& b, const Finish& finish,
                                    int before, int after) {
  constexpr int width = (N - 1) * S + K, pad = K / 2;
  const auto run = [&](auto inside) { depthwise_block<K, S, N>(a, b, finish, inside); };
  if constexpr (N == kDepthwiseOutputs) {
    if (before == 0 && after == 0) return run(Columns<0, width>());
    if (before == pad && after == 0) return run(Columns<pad, width>());
    if (before == 0 && after == pad) return run(Columns<0, width - pad>());
    if (before == pad && after == pad) return run(Columns<pad, width - pad>());
    if constexpr (S == 2 && pad > 1) {
      if (before == 0 && after == pad - 1) return run(Columns<0, width - pad + 1>());
      if (before == pad && after == pad - 1) return run(Columns<pad, width - pad + 1>());
    }
  }
  run(MaskedColumns{((1u << (width - after)) - 1u) & ~((1u << before) - 1u)});
}

// A row of outputs for a block of channels from c on, N at a time; the last N may overlap those before, which gives the same bits again.
template <int K, int S, int N>
inline void depthwise_row(const DepthwiseCall& a, int64_t c, int64_t channels, int64_t oy,
                          const Finish& finish, Vec* totals) {
  constexpr int width = (N - 1) * S + K;
  const int64_t y0 = oy * S - a.pad_h;
  DepthwiseBlock b;
  const float* rows[K];
  for (int ky = 0; ky < K; ++ky) rows[ky] = depthwise_input_row(a, y0 + ky) + c;
  b.rows = rows;
  b.weight = line_of(a.weight, K * K, c);
  b.bias = a.bias + c;
  b.first = static_cast<int>(y0 < 0 ? -y0 : 0);
  b.last = static_cast<int>(a.h - y0 < K ? a.h - y0 : K);
  b.channels = channels;
  b.totals = totals;
  for (int64_t next = 0; next < a.w_out; next += N) {
    const int64_t ox = next + N <= a.w_out ? next : a.w_out - N, x0 = ox * S - a.pad_w;
    b.offset = x0 * a.x_pitch;
    b.y = a.y + c + oy * a.y_row + ox * a.y_pitch;
    b.residual = a.residual ? a.residual + c + oy * a.residual_row + ox * a.residual_pitch : nullptr;
    b.known = static_cast<int>(next - ox);
    depthwise_clipped_block<K, S, N>(a, b, finish, static_cast<int>(x0 < 0 ? -x0 : 0),
                                     static_cast<int>(x0 + width > a.w ? x0 + width - a.w : 0));
  }
}

// Any kernel, one output at a time.
inline void depthwise_any_row(const DepthwiseCall& a, int64_t c, int64_t channels, int64_t oy,
                              const Finish& finish, Vec* totals) {
  const int64_t y0 = oy * a.stride_h - a.pad_h;
  for (int64_t ox = 0; ox < a.w_out; ++ox) {
    const int64_t x0 = ox * a.stride_w - a.pad_w;
    for (int v = 0; v * Vec::size < channels; ++v) {
      const int64_t at = c + v * Vec::size;
      Vec sum[1] = {Vec::load(a.bias + at)};
      for (int ky = 0; ky < a.kernel_h; ++ky) {
        const int64_t y = y0 + ky * a.dilation_h;
        if (y < 0 || y >= a.h) continue;
        for (int kx = 0; kx < a.kernel_w; ++kx) {
          const int64_t x = x0 + kx * a.dilation_w;
          if (x < 0 || x >= a.w) continue;
          sum[0] = Vec::fma(
              Vec::load(depthwise_input_row(a, y) + at + x * a.x_pitch),
              Vec::load(line_of(a.weight, a.kernel_h * a.kernel_w, at) + (ky * a.kernel_w + kx) * kLine),
              sum[0]);
        }
      }
      if (a.residual)
        sum[0] = sum[0] + Vec::load(a.residual + at + oy * a.residual_row + ox * a.residual_pitch);
      finish.apply(sum);
      store_channels(sum[0], a.y + at + oy * a.y_row + ox * a.y_pitch, static_cast<int>(a.channels - at));
      if (a.means) totals[v] = totals[v] + sum[0];
    }
  }
}

// As many channels as leave their rows in the first-level cache go through all rows before the next ones do. Means are sums of sums of
// rows, so that their error grows with the image's extents, not with its area.
template <class Row>
inline void depthwise_rows(const DepthwiseCall& a, Row row) {
  const Finish finish(a.activation);
  const int64_t fitting = 8192 / ((a.kernel_h + 1) * a.w) / kLine * kLine;
  const int64_t block = fitting < kLine ? kLine : fitting > kMostChannels ? kMostChannels : fitting;
  for (int64_t c = 0; c < a.channels; c += block) {
    const int64_t channels = a.channels - c < block ? a.channels - c : block;
    Vec totals[kMostChannels / Vec::size], sums[kMostChannels / Vec::size];
    const auto vectors = static_cast<int>(a.means ? (channels + Vec::size - 1) / Vec::size : 0);
    for (int v = 0; v < vectors; ++v) totals[v] = Vec::zero();
    for (int64_t oy = a.begin; oy < a.end; ++oy) {
      for (int v = 0; v < vectors; ++v) sums[v] = Vec::zero();
      row(a, c, channels, oy, finish, sums);
      for (int v = 0; v < vectors; ++v) totals[v] = totals[v] + sums[v];
    }
    for (int v = 0; v < vectors; ++v)
      store_channels(totals[v] * Vec::broadcast(a.mean_factor), a.means + c + v * Vec::size,
                     static_cast<int>(channels - v * Vec::size));
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
  const bool square =
      a.kernel_h == a.kernel_w && a.stride_h == a.stride_w && a.dilation_h == 1 && a.dilation_w == 1;
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
