// From sums in registers to results in memory. Included by kernels' sources alone, inside their unnamed namespace, after activate.h.

__attribute__((noinline)) void activate_all(Vec* x, int n, Activation activation) {
  for (int i = 0; i < n; ++i) x[i] = activate(x[i], activation);
}

// Activations that only clamp are two operations; the others are a call.
struct Finish {
  Activation activation;
  bool clamps;
  Vec low, high;

  explicit Finish(Activation a) : activation(a) {
    clamps = a == Activation::none || a == Activation::relu || a == Activation::relu6;
    low = Vec::broadcast(a == Activation::relu || a == Activation::relu6 ? 0.f : -__builtin_inff());
    high = Vec::broadcast(a == Activation::relu6 ? 6.f : __builtin_inff());
  }

  template <int N>
  void apply(Vec (&x)[N]) const {
    if (clamps) {
#pragma GCC unroll 16
      for (int i = 0; i < N; ++i) x[i] = Vec::min(high, Vec::max(low, x[i]));
      return;
    }
    Vec copy[N];
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) copy[i] = x[i];
    activate_all(copy, N, activation);
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) x[i] = copy[i];
  }
};

inline void store_channels(Vec x, float* y, int n) {
  if (n >= Vec::size)
    x.store(y);
  else
    x.store_first(y, n);
}
