// Four floats at a time on any machine: plain arrays, which compilers turn into what the baseline offers. Included by kernels'
// sources alone, inside their unnamed namespace.

struct Vec {
  static constexpr int size = 4;
  float v[4];

  template <class F>
  static Vec each(F f) {
    return {{f(0), f(1), f(2), f(3)}};
  }
  static Vec zero() { return {{0.f, 0.f, 0.f, 0.f}}; }
  static Vec broadcast(float x) { return {{x, x, x, x}}; }
  static Vec load(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
  void store(float* p) const {
    for (int i = 0; i < 4; ++i) p[i] = v[i];
  }
  // The first n of 1..size floats; the rest is 0 (load) or left alone (store).
  static Vec load_first(const float* p, int n) {
    return each([=](int i) { return i < n ? p[i] : 0.f; });
  }
  void store_first(float* p, int n) const {
    for (int i = 0; i < n; ++i) p[i] = v[i];
  }

  friend Vec operator+(Vec a, Vec b) {
    return each([=](int i) { return a.v[i] + b.v[i]; });
  }
  friend Vec operator-(Vec a, Vec b) {
    return each([=](int i) { return a.v[i] - b.v[i]; });
  }
  friend Vec operator*(Vec a, Vec b) {
    return each([=](int i) { return a.v[i] * b.v[i]; });
  }
  friend Vec operator/(Vec a, Vec b) {
    return each([=](int i) { return a.v[i] / b.v[i]; });
  }
  // a * b + c and c - a * b, rounded once where the machine can.
  static Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
  static Vec fnma(Vec a, Vec b, Vec c) { return c - a * b; }
  // Where either is NaN: b.
  static Vec max(Vec a, Vec b) {
    return each([=](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
  }
  static Vec min(Vec a, Vec b) {
    return each([=](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
  }
  // The larger; NaN where either is.
  static Vec max_or_nan(Vec a, Vec b) {
    return each([=](int i) { return a.v[i] > b.v[i] || a.v[i] != a.v[i] ? a.v[i] : b.v[i]; });
  }
  static Vec sqrt(Vec a) {
    return each([=](int i) { return __builtin_sqrtf(a.v[i]); });
  }
  static Vec abs(Vec a) {
    return each([=](int i) { return __builtin_fabsf(a.v[i]); });
  }
  static Vec round(Vec a) {
    return each([=](int i) { return __builtin_rintf(a.v[i]); });
  }
  // |a| with the sign of b.
  static Vec copysign(Vec a, Vec b) {
    return each([=](int i) { return __builtin_copysignf(a.v[i], b.v[i]); });
  }
  // a < b ? x : y, lane by lane; false for NaN.
  static Vec where_less(Vec a, Vec b, Vec x, Vec y) {
    return each([=](int i) { return a.v[i] < b.v[i] ? x.v[i] : y.v[i]; });
  }
  // 2 to the power of n, whole numbers of -126..127, and 0 for -127.
  static Vec power_of_two(Vec n) {
    return each([=](int i) {
      const auto bits = static_cast<uint32_t>(static_cast<int32_t>(n.v[i] == n.v[i] ? n.v[i] : 0.f) + 127)
                        << 23;
      float power;
      __builtin_memcpy(&power, &bits, sizeof power);
      return power;
    });
  }
  float sum() const { return (v[0] + v[2]) + (v[1] + v[3]); }
  float largest() const {
    const float a = v[0] > v[2] ? v[0] : v[2], b = v[1] > v[3] ? v[1] : v[3];
    return a > b ? a : b;
  }
};
