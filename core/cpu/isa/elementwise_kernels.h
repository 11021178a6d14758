// Elementwise operations on rows. Included by kernels' sources alone, inside their unnamed namespace, after row_vectors.h and activate.h.

template <class F>
inline void map_rows(const RowsCall& call, F&& f) {
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* x = call.x + r * call.x_pitch;
    float* y = call.y + r * call.y_pitch;
    for_each_vector(call.channels, [&](int64_t i, auto part) { part.store(f(part.load(x + i)), y + i); });
  }
}

void activation_rows(const RowsCall& call, Activation activation) {
  with_activation(activation,
                  [&](auto a) { map_rows(call, [](Vec x) { return activate<decltype(a)::value>(x); }); });
}

// In place, as a pass of its own while the row is in the first cache: so that other kernels need one loop each, not eleven.
inline void activate_row(float* y, int64_t channels, Activation activation) {
  activation_rows({.x = y, .y = y, .x_pitch = 0, .y_pitch = 0, .rows = 1, .channels = channels}, activation);
}

void unary_rows(const RowsCall& call, Unary op) {
  switch (op) {
    case Unary::abs: return map_rows(call, [](Vec x) { return Vec::abs(x); });
    case Unary::neg: return map_rows(call, [](Vec x) { return x * constant(-1.f); });
    case Unary::exp: return map_rows(call, [](Vec x) { return exp(x); });
    case Unary::sqrt: return map_rows(call, [](Vec x) { return Vec::sqrt(x); });
    case Unary::rsqrt: return map_rows(call, [](Vec x) { return constant(1.f) / Vec::sqrt(x); });
    case Unary::square: return map_rows(call, [](Vec x) { return x * x; });
    case Unary::cube: return map_rows(call, [](Vec x) { return x * x * x; });
    case Unary::reciprocal: return map_rows(call, [](Vec x) { return constant(1.f) / x; });
  }
}

template <class F>
inline void combine_rows(const BinaryCall& call, F&& f) {
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* a = call.a + r * call.a_pitch;
    const float* b = call.b + r * call.b_pitch;
    float* y = call.y + r * call.y_pitch;
    // One float for all channels is loaded once.
    if (!call.b_channels) {
      const Vec all_b = constant(*b);
      for_each_vector(call.channels, [&](int64_t i, auto part) {
        part.store(f(call.a_channels ? part.load(a + i) : constant(*a), all_b), y + i);
      });
    } else if (!call.a_channels) {
      const Vec all_a = constant(*a);
      for_each_vector(call.channels,
                      [&](int64_t i, auto part) { part.store(f(all_a, part.load(b + i)), y + i); });
    } else {
      for_each_vector(call.channels, [&](int64_t i, auto part) {
        part.store(f(part.load(a + i), part.load(b + i)), y + i);
      });
    }
    if (call.activation != Activation::none) activate_row(y, call.channels, call.activation);
  }
}

void binary_rows(const BinaryCall& call) {
  const Vec alpha = constant(call.alpha);
  switch (call.op) {
    case Binary::add:
      if (call.alpha == 1.f) return combine_rows(call, [](Vec a, Vec b) { return a + b; });
      return combine_rows(call, [=](Vec a, Vec b) { return Vec::fma(alpha, b, a); });
    case Binary::sub:
      if (call.alpha == 1.f) return combine_rows(call, [](Vec a, Vec b) { return a - b; });
      return combine_rows(call, [=](Vec a, Vec b) { return Vec::fnma(alpha, b, a); });
    case Binary::mul: return combine_rows(call, [](Vec a, Vec b) { return a * b; });
    case Binary::div: return combine_rows(call, [](Vec a, Vec b) { return a / b; });
    case Binary::max: return combine_rows(call, [](Vec a, Vec b) { return Vec::max_or_nan(a, b); });
    case Binary::min:
      return combine_rows(call, [](Vec a, Vec b) {
        return constant(-1.f) * Vec::max_or_nan(constant(-1.f) * a, constant(-1.f) * b);
      });
  }
}
