// Pooling, factors of channels, and resampling. Included by vision_<isa>.cpp alone, inside its unnamed namespace.

struct Largest {
  static Vec empty() { return Vec::broadcast(-__builtin_inff()); }
  static Vec next(Vec a, Vec x) { return Vec::max_or_nan(a, x); }
  static Vec row(Vec a, Vec x) { return Vec::max_or_nan(a, x); }
  static Vec last(Vec a, float) { return a; }
};

// Row sums first: so the error of a large window grows with its extents, not with its area.
struct Mean {
  static Vec empty() { return Vec::zero(); }
  static Vec next(Vec a, Vec x) { return a + x; }
  static Vec row(Vec a, Vec x) { return a + x; }
  static Vec last(Vec a, float divisor) { return a / Vec::broadcast(divisor); }
};

// N vectors of channels of one output pixel.
template <class Kind, int N>
inline void pool_pixel(const PoolCall& a, int64_t c, const PoolSpan& columns, float divisor, float* y,
                       int channels) {
  Vec total[N];
#pragma GCC unroll 8
  for (int n = 0; n < N; ++n) total[n] = Kind::empty();
  const int64_t last_row = columns.begin < columns.end ? a.rows.end : 0;
  for (int64_t row = a.rows.begin; row < last_row; row += a.row_step) {
    const float* x = a.x + c + row * a.x_row + columns.begin * a.x_pitch;
    const int64_t step = a.column_step * a.x_pitch;
    Vec v[N];
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) v[n] = Vec::load(x + n * Vec::size);
    for (int64_t column = columns.begin + a.column_step; column < columns.end; column += a.column_step) {
      x += step;
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n) v[n] = Kind::next(v[n], Vec::load(x + n * Vec::size));
    }
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) total[n] = row == a.rows.begin ? v[n] : Kind::row(total[n], v[n]);
  }
#pragma GCC unroll 8
  for (int n = 0; n < N; ++n)
    store_channels(Kind::last(total[n], divisor), y + n * Vec::size, channels - n * Vec::size);
}

template <class Kind>
inline void pool(const PoolCall& a) {
  for (int64_t i = 0; i < a.count; ++i) {
    const PoolSpan& columns = a.columns[i];
    const float divisor =
        a.divisor != 0.f ? a.divisor : static_cast<float>(a.rows.size) * static_cast<float>(columns.size);
    float* y = a.y + i * a.y_pitch;
    int64_t c = 0;
    for (; c + 4 * Vec::size <= a.channels; c += 4 * Vec::size)
      pool_pixel<Kind, 4>(a, c, columns, divisor, y + c, 4 * Vec::size);
    for (; c < a.channels; c += Vec::size)
      pool_pixel<Kind, 1>(a, c, columns, divisor, y + c, static_cast<int>(a.channels - c));
  }
}

void max_pool(const PoolCall& a) { pool<Largest>(a); }
void mean_pool(const PoolCall& a) { pool<Mean>(a); }

template <int N>
inline void affine_part(const AffineCall& a, const float* x, const float* residual, float* y, int64_t c,
                        const Finish& finish, int channels) {
  Vec v[N];
#pragma GCC unroll 4
  for (int n = 0; n < N; ++n) {
    const int64_t at = c + n * Vec::size;
    const Vec scale = Vec::load(a.scale + at), value = Vec::load(x + at);
    v[n] = a.shift ? Vec::fma(value, scale, Vec::load(a.shift + at)) : value * scale;
    if (residual) v[n] = v[n] + Vec::load(residual + at);
  }
  finish.apply(v);
#pragma GCC unroll 4
  for (int n = 0; n < N; ++n) store_channels(v[n], y + c + n * Vec::size, channels - n * Vec::size);
}

void affine(const AffineCall& a) {
  const Finish finish(a.activation);
  for (int64_t row = 0; row < a.rows; ++row) {
    const float* x = a.x + row * a.x_pitch;
    const float* residual = a.residual ? a.residual + row * a.residual_pitch : nullptr;
    float* y = a.y + row * a.y_pitch;
    int64_t c = 0;
    for (; c + 4 * Vec::size <= a.channels; c += 4 * Vec::size)
      affine_part<4>(a, x, residual, y, c, finish, 4 * Vec::size);
    for (; c < a.channels; c += Vec::size)
      affine_part<1>(a, x, residual, y, c, finish, static_cast<int>(a.channels - c));
  }
}

void blend(const BlendCall& a) {
  const Vec bottom = Vec::broadcast(a.bottom_weight), top = Vec::broadcast(1.f - a.bottom_weight);
  for (int64_t i = 0; i < a.count; ++i) {
    const Vec right = Vec::broadcast(a.right_weight[i]), left = Vec::broadcast(1.f - a.right_weight[i]);
    const int64_t l = a.left[i] * a.x_pitch, r = a.right[i] * a.x_pitch;
    for (int64_t c = 0; c < a.channels; c += Vec::size) {
      const Vec above = Vec::fma(Vec::load(a.top + r + c), right, Vec::load(a.top + l + c) * left);
      const Vec below = Vec::fma(Vec::load(a.bottom + r + c), right, Vec::load(a.bottom + l + c) * left);
      store_channels(Vec::fma(below, bottom, above * top), a.y + i * a.y_pitch + c,
                     static_cast<int>(a.channels - c));
    }
  }
}
