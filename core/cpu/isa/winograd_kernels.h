// Winograd's convolution, tile by tile. Included by vision_<isa>.cpp alone, inside its unnamed namespace, after winograd_transforms.h.

template <int E, bool Whole>
inline void winograd_input_tile(const WinogradInputCall& a) {
  for (int64_t c = 0; c < a.channels; c += Vec::size) {
    Vec rows[E][E];
#pragma GCC unroll 1
    for (int r = 0; r < E; ++r) {
      const float* x = a.x + r * a.x_row + c;
      Vec line[E];
      if (Whole || (r >= a.top && r < a.bottom)) {
#pragma GCC unroll 6
        for (int l = 0; l < E; ++l)
          line[l] = Whole || (l >= a.left && l < a.right) ? Vec::load(x + l * a.x_pitch) : Vec::zero();
        input_transform<E>(line);
      } else {
#pragma GCC unroll 6
        for (int l = 0; l < E; ++l) line[l] = Vec::zero();
      }
#pragma GCC unroll 6
      for (int l = 0; l < E; ++l) rows[r][l] = line[l];
    }
#pragma GCC unroll 1
    for (int l = 0; l < E; ++l) {
      Vec line[E];
#pragma GCC unroll 6
      for (int r = 0; r < E; ++r) line[r] = rows[r][l];
      input_transform<E>(line);
      float* v = a.v + l * a.v_element + c;
#pragma GCC unroll 6
      for (int r = 0; r < E; ++r) line[r].store(v + r * E * a.v_element);
    }
  }
}

template <int E>
void winograd_input(const WinogradInputCall& a) {
  if (a.top == 0 && a.left == 0 && a.bottom == E && a.right == E)
    winograd_input_tile<E, true>(a);
  else
    winograd_input_tile<E, false>(a);
}

template <int E>
void winograd_output(const WinogradOutputCall& a) {
  const Finish finish(a.activation);
  for (int64_t c = 0; c < a.channels; c += Vec::size) {
    Vec rows[E - 2][E];
#pragma GCC unroll 1
    for (int l = 0; l < E; ++l) {
      Vec m[E], y[E - 2];
#pragma GCC unroll 6
      for (int k = 0; k < E; ++k) m[k] = Vec::load(a.m + (k * E + l) * a.m_element + c);
      output_transform<E>(m, y);
#pragma GCC unroll 4
      for (int k = 0; k < E - 2; ++k) rows[k][l] = y[k];
    }
    const Vec bias = Vec::load(a.bias + c);
    const Vec scale = a.scale ? Vec::load(a.scale + c) * Vec::broadcast(a.tile_scale) : Vec::broadcast(1.f);
    const int channels = static_cast<int>(a.channels - c);
#pragma GCC unroll 1
    for (int k = 0; k < a.rows; ++k) {
      Vec y[E - 2];
      output_transform<E>(rows[k], y);
#pragma GCC unroll 4
      for (int l = 0; l < E - 2; ++l) {
        y[l] = Vec::fma(y[l], scale, bias);
        if (a.residual && l < a.columns)
          y[l] = y[l] + Vec::load(a.residual + k * a.residual_row + l * a.residual_pitch + c);
      }
      finish.apply(y);
#pragma GCC unroll 4
      for (int l = 0; l < E - 2; ++l)
        if (l < a.columns) store_channels(y[l], a.y + k * a.y_row + l * a.y_pitch + c, channels);
    }
  }
}

// ---- weights, in double precision, sixteen output channels at a time

constexpr int kLanes = 16;
struct Lanes {
  double v[kLanes];
};

template <int E>
inline void weight_transform(const Lanes& g0, const Lanes& g1, const Lanes& g2, Lanes (&u)[E]) {
  for (int i = 0; i < kLanes; ++i) {
    const double a = g0.v[i], b = g1.v[i], c = g2.v[i];
    if constexpr (E == 6) {
      // Rows 1, p, p^2 over the product of p's distances to the other points: -3/2 for +-sqrt(1/2), 6 for +-sqrt(2).
      constexpr double root_half = 0.70710678118654752440, root_two = 1.41421356237309504880;
      const double p = (a + c * 0.5) * (-2.0 / 3.0), d = b * (root_half * (-2.0 / 3.0));
      const double q = (a + c * 2.0) * (1.0 / 6.0), e = b * (root_two * (1.0 / 6.0));
      u[0].v[i] = a;
      u[1].v[i] = p + d;
      u[2].v[i] = p - d;
      u[3].v[i] = q + e;
      u[4].v[i] = q - e;
      u[5].v[i] = c;
    } else {
      const double p = (a + c) * 0.5, d = b * 0.5;
      u[0].v[i] = a;
      u[1].v[i] = p + d;
      u[2].v[i] = p - d;
      u[3].v[i] = c;
    }
  }
}

template <int E>
void winograd_weights(const float* weight, int64_t out_pitch, int64_t outs, const double* scale, int64_t ins,
                      int64_t width, float* panel, int64_t element) {
  for (int64_t r0 = 0; r0 < width; r0 += kLanes) {
    const int64_t stored = width - r0 < kLanes ? width - r0 : kLanes;
    for (int64_t in = 0; in < ins; ++in) {
      Lanes g[9], columns[3][E], u[E];
      for (int i = 0; i < kLanes; ++i) {
        const bool there = r0 + i < outs;
        const float* from = there ? weight + (r0 + i) * out_pitch + in * 9 : nullptr;
        const double factor = there && scale ? scale[r0 + i] : 1.0;
        for (int t = 0; t < 9; ++t) g[t].v[i] = there ? static_cast<double>(from[t]) * factor : 0.0;
      }
      for (int x = 0; x < 3; ++x) weight_transform<E>(g[x], g[3 + x], g[6 + x], columns[x]);
      for (int r = 0; r < E; ++r) {
        weight_transform<E>(columns[0][r], columns[1][r], columns[2][r], u);
        for (int l = 0; l < E; ++l) {
          float* to = panel + (r * E + l) * element + in * width + r0;
          for (int i = 0; i < stored; ++i) to[i] = static_cast<float>(u[l].v[i]);
        }
      }
    }
  }
}
