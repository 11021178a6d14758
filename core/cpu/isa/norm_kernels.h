// Normalisations and softmax of rows. Included by kernels' sources alone, inside their unnamed namespace, after
// elementwise_kernels.h.

// The sum over a row of f(vector): four running sums, so that additions need not wait for each other. What f gives for the lanes behind
// the row's end must be 0.
template <class F>
inline float sum_over(int64_t n, F&& f) {
  Vec sums[4] = {Vec::zero(), Vec::zero(), Vec::zero(), Vec::zero()};
  int64_t i = 0;
  for (; i + 4 * Vec::size <= n; i += 4 * Vec::size)
    for (int j = 0; j < 4; ++j) sums[j] = f(i + j * Vec::size, Whole{}, sums[j]);
  for (; i + Vec::size <= n; i += Vec::size) sums[0] = f(i, Whole{}, sums[0]);
  if (i < n) sums[1] = f(i, Part{static_cast<int>(n - i)}, sums[1]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])).sum();
}

void norm_rows(const NormCall& call) {
  const int64_t n = call.channels;
  const float share = 1.f / static_cast<float>(n);
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* x = call.x + r * call.x_pitch;
    float* y = call.y + r * call.y_pitch;
    float mean = 0.f;
    if (call.centred)
      mean = share * sum_over(n, [&](int64_t i, auto part, Vec sum) { return sum + part.load(x + i); });
    const Vec center = constant(mean);
    const float squares = sum_over(n, [&](int64_t i, auto part, Vec sum) {
      const Vec d = part.load_or(x + i, mean) - center;
      return Vec::fma(d, d, sum);
    });
    const Vec scale = constant(1.f / __builtin_sqrtf(squares * share + call.eps));
    for_each_vector(n, [&](int64_t i, auto part) {
      Vec d = (part.load(x + i) - center) * scale;
      if (call.weight) d = d * part.load(call.weight + i);
      if (call.bias) d = d + part.load(call.bias + i);
      part.store(d, y + i);
    });
  }
}

// sums[c] = the sum of f(x[row][c], c) over all rows, in two levels: rounding grows with the root of the rows' number, not with it.
template <class F>
inline void sum_columns(const float* x, int64_t pitch, int64_t rows, int64_t channels, float* sums, F&& f) {
  constexpr int64_t kRun = 64;
  for_each_vector(channels, [&](int64_t c, auto part) {
    Vec all = Vec::zero();
    for (int64_t begin = 0; begin < rows; begin += kRun) {
      const int64_t end = begin + kRun < rows ? begin + kRun : rows;
      Vec run = Vec::zero();
      for (int64_t r = begin; r < end; ++r) run = f(part.load(x + r * pitch + c), c, run);
      all = all + run;
    }
    all.store(sums + c);
  });
}
// Gives all channels of each group f(the group's sum).
template <class F>
inline void share_in_groups(const GroupNormCall& call, float* sums, F&& f) {
  for (int64_t g = 0; g < call.groups; ++g) {
    float* group = sums + g * call.group_channels;
    double sum = 0.0;
    for (int64_t c = 0; c < call.group_channels; ++c) sum += static_cast<double>(group[c]);
    const float shared = f(sum);
    for (int64_t c = 0; c < call.group_channels; ++c) group[c] = shared;
  }
}

void group_norm_rows(const GroupNormCall& call) {
  const int64_t channels = call.groups * call.group_channels;
  const double count = static_cast<double>(call.rows * call.group_channels);
  float* means = call.scratch;
  float* scales = means + (channels + Vec::size - 1) / Vec::size * Vec::size;
  sum_columns(call.x, call.x_pitch, call.rows, channels, means,
              [](Vec x, int64_t, Vec sum) { return sum + x; });
  share_in_groups(call, means, [&](double sum) { return static_cast<float>(sum / count); });
  sum_columns(call.x, call.x_pitch, call.rows, channels, scales, [&](Vec x, int64_t c, Vec sum) {
    const Vec d = x - Vec::load(means + c);
    return Vec::fma(d, d, sum);
  });
  share_in_groups(call, scales, [&](double sum) {
    return static_cast<float>(1.0 / __builtin_sqrt(sum / count + static_cast<double>(call.eps)));
  });
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* x = call.x + r * call.x_pitch;
    float* y = call.y + r * call.y_pitch;
    for_each_vector(channels, [&](int64_t c, auto part) {
      Vec d = (part.load(x + c) - Vec::load(means + c)) * Vec::load(scales + c);
      if (call.weight) d = d * part.load(call.weight + c);
      if (call.bias) d = d + part.load(call.bias + c);
      part.store(d, y + c);
    });
    if (call.activation != Activation::none) activate_row(y, channels, call.activation);
  }
}

inline float largest_of(const float* x, int64_t n) {
  const float infinity = __builtin_inff();
  Vec largest = constant(-infinity), other = largest;
  int64_t i = 0;
  for (; i + 2 * Vec::size <= n; i += 2 * Vec::size) {
    largest = Vec::max(largest, Vec::load(x + i));
    other = Vec::max(other, Vec::load(x + i + Vec::size));
  }
  for_each_vector(
      n - i, [&](int64_t j, auto part) { largest = Vec::max(largest, part.load_or(x + i + j, -infinity)); });
  return Vec::max(largest, other).largest();
}

// A NaN, an infinity or nothing but -infinity in a row makes the sum NaN, and so the row, as in PyTorch.
void softmax_rows(const RowsCall& call, bool logarithm) {
  const int64_t n = call.channels;
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* x = call.x + r * call.x_pitch;
    float* y = call.y + r * call.y_pitch;
    const Vec largest = constant(largest_of(x, n));
    if (logarithm) {
      const float sum = sum_over(n, [&](int64_t i, auto part, Vec s) {
        return s + exp_nonpositive(part.load_or(x + i, -__builtin_inff()) - largest);
      });
      const Vec shift = constant(static_cast<float>(__builtin_log(static_cast<double>(sum))));
      for_each_vector(n,
                      [&](int64_t i, auto part) { part.store(part.load(x + i) - largest - shift, y + i); });
    } else {
      const float sum = sum_over(n, [&](int64_t i, auto part, Vec s) {
        const Vec e = exp_nonpositive(part.load_or(x + i, -__builtin_inff()) - largest);
        part.store(e, y + i);
        return s + e;
      });
      const Vec share = constant(1.f / sum);
      for_each_vector(n, [&](int64_t i, auto part) { part.store(part.load(y + i) * share, y + i); });
    }
  }
}
