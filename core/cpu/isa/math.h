// Elementary functions of one vector. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h.
//
// NaN gives NaN, and infinities give what PyTorch's functions give. The polynomials and quotients are minimax fits of our own; the errors
// named here are of the fit, to which come a few roundings.

inline Vec constant(float x) { return Vec::broadcast(x); }
// x within [low, high]; NaN stays NaN.
inline Vec clamp(Vec x, float low, float high) {
  return Vec::max(constant(low), Vec::min(constant(high), x));
}

// e^r for |r| <= ln(2) / 2, within 4e-9.
inline Vec exp_of_rest(Vec r) {
  Vec p = Vec::fma(r, constant(0.001381529133f), constant(0.008368749815f));
  p = Vec::fma(p, r, constant(0.04166838635f));
  p = Vec::fma(p, r, constant(0.1666652044f));
  p = Vec::fma(p, r, constant(0.4999999339f));
  p = Vec::fma(p, r, constant(1.f));
  return Vec::fma(p, r, constant(1.f));
}
// x - n ln(2), with ln(2) in two parts of which the first has few bits, so that its product with n is exact.
inline Vec exp_rest(Vec x, Vec n) {
  return Vec::fnma(n, constant(-2.12194440e-4f), Vec::fnma(n, constant(0.693359375f), x));
}
constexpr float kLog2E = 1.44269504f;

// e^x, with denormal results.
inline Vec exp(Vec x) {
  const Vec inside = clamp(x, -104.f, 89.f);
  const Vec n = Vec::round(inside * constant(kLog2E)), y = exp_of_rest(exp_rest(inside, n));
  // In two factors, for the second half of an n outside -126..127 alone is no float. (max: n is a number when x is none.)
  const Vec whole = Vec::max(n, constant(-150.f)), half = Vec::round(whole * constant(0.5f));
  return y * Vec::power_of_two(half) * Vec::power_of_two(whole - half);
}
// e^x for x <= 0, where results below 2^-126 are 0: for softmax, after the largest element is taken off.
inline Vec exp_nonpositive(Vec x) {
  const Vec inside = Vec::max(constant(-88.f), x), n = Vec::round(inside * constant(kLog2E));
  const Vec y = exp_of_rest(exp_rest(inside, n)) * Vec::power_of_two(Vec::max(n, constant(-126.f)));
  return Vec::where_less(x, constant(-87.33f), Vec::zero(), y);
}
// 2^x for x <= 0, where results below 2^-126 are 0. Shorter than exp_nonpositive, and off by 2^-24 |x| more if x itself was multiplied by
// log2(e): for weights whose large ones have a small |x|.
inline Vec exp2_nonpositive(Vec x) {
  const Vec inside = Vec::max(constant(-127.f), x), n = Vec::round(inside), r = inside - n;
  Vec p = Vec::fma(r, constant(0.0001559483775f), constant(0.001340670511f));
  p = Vec::fma(p, r, constant(0.009617692244f));
  p = Vec::fma(p, r, constant(0.05550310383f));
  p = Vec::fma(p, r, constant(0.2402265279f));
  p = Vec::fma(p, r, constant(0.6931472151f));
  return Vec::fma(p, r, constant(1.f)) * Vec::power_of_two(n);
}
// e^x for sums with 1: never below 2^-124, infinite above 88.73.
inline Vec exp_beside_one(Vec x) {
  const Vec inside = clamp(x, -86.f, 89.f), n = Vec::round(inside * constant(kLog2E));
  const Vec y = exp_of_rest(exp_rest(inside, n));
  return y * Vec::power_of_two(Vec::max(n - constant(1.f), constant(-126.f))) * constant(2.f);
}

inline Vec sigmoid(Vec x) { return constant(1.f) / (constant(1.f) + exp_beside_one(Vec::zero() - x)); }

// Below 0.625 x + x^3 P(x^2), within 5e-9; above 1 - 2 / (e^(2 x) + 1).
inline Vec tanh(Vec x) {
  const Vec size = Vec::abs(x), u = size * size;
  Vec p = Vec::fma(u, constant(-0.00570875032f), constant(0.02064349654f));
  p = Vec::fma(p, u, constant(-0.05374143654f));
  p = Vec::fma(p, u, constant(0.1333146807f));
  p = Vec::fma(p, u, constant(-0.3333328313f));
  const Vec near = Vec::fma(p * u, size, size);
  const Vec far = constant(1.f) - constant(2.f) / (exp_beside_one(size + size) + constant(1.f));
  return Vec::copysign(Vec::where_less(size, constant(0.625f), near, far), x);
}

// x Phi(x), Phi the normal distribution's: gelu(approximate="none"). Phi(-|x|) = e^(-x^2 / 2) t P(t) with t = 1 / (1 + 0.33 |x|), within 2e-8
// near 0 and 1e-6 of itself far out.
inline Vec gelu(Vec x) {
  const Vec t = constant(1.f) / Vec::fma(Vec::abs(x), constant(0.33f), constant(1.f));
  Vec p = Vec::fma(t, constant(0.04551390128f), constant(-0.2206213674f));
  p = Vec::fma(p, t, constant(0.33168767f));
  p = Vec::fma(p, t, constant(-0.09017345542f));
  p = Vec::fma(p, t, constant(0.1817832278f));
  p = Vec::fma(p, t, constant(0.1191430403f));
  p = Vec::fma(p, t, constant(0.1326669766f));
  const Vec tail = p * t * exp2_nonpositive(x * x * constant(-0.5f * kLog2E));
  return x * Vec::where_less(x, Vec::zero(), tail, constant(1.f) - tail);
}
// x / 2 (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3), which is x sigmoid(2 u): gelu(approximate="tanh").
inline Vec gelu_tanh(Vec x) {
  const Vec inner = Vec::fma(x * x, constant(0.0713548163f), constant(1.59576912f));
  return x / (constant(1.f) + exp_beside_one(Vec::zero() - x * inner));
}
inline Vec silu(Vec x) { return x / (constant(1.f) + exp_beside_one(Vec::zero() - x)); }
// x tanh(log(1 + e^x)), which is x n / (n + 2) with n = e^x (e^x + 2).
inline Vec mish(Vec x) {
  const Vec e = exp(Vec::min(constant(20.f), x)), n = e * (e + constant(2.f));
  return x * (n / (n + constant(2.f)));
}
inline Vec hardsigmoid(Vec x) { return clamp(x + constant(3.f), 0.f, 6.f) * constant(1.f / 6.f); }
// x's product first, which overflows where PyTorch's does.
inline Vec hardswish(Vec x) { return x * clamp(x + constant(3.f), 0.f, 6.f) / constant(6.f); }
