// Four floats at a time: NEON of aarch64. Included by kernels' sources alone, inside their unnamed namespace.
#include <arm_neon.h>

struct Vec {
  static constexpr int size = 4;
  float32x4_t v;

  static Vec zero() { return {vdupq_n_f32(0.f)}; }
  static Vec broadcast(float x) { return {vdupq_n_f32(x)}; }
  static Vec load(const float* p) { return {vld1q_f32(p)}; }
  void store(float* p) const { vst1q_f32(p, v); }
  // The first n of 1..size floats; the rest is 0 (load) or left alone (store).
  static Vec load_first(const float* p, int n) {
    float all[4] = {0.f, 0.f, 0.f, 0.f};
    for (int i = 0; i < n; ++i) all[i] = p[i];
    return {vld1q_f32(all)};
  }
  void store_first(float* p, int n) const {
    float all[4];
    vst1q_f32(all, v);
    for (int i = 0; i < n; ++i) p[i] = all[i];
  }

  friend Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.v, b.v)}; }
  friend Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.v, b.v)}; }
  friend Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.v, b.v)}; }
  friend Vec operator/(Vec a, Vec b) { return {vdivq_f32(a.v, b.v)}; }
  // a * b + c and c - a * b, rounded once where the machine can.
  static Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
  static Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f32(c.v, a.v, b.v)}; }
  // Where either is NaN: b.
  static Vec max(Vec a, Vec b) { return {vbslq_f32(vcgtq_f32(a.v, b.v), a.v, b.v)}; }
  static Vec min(Vec a, Vec b) { return {vbslq_f32(vcltq_f32(a.v, b.v), a.v, b.v)}; }
  // The larger; NaN where either is.
  static Vec max_or_nan(Vec a, Vec b) { return {vmaxq_f32(a.v, b.v)}; }
  static Vec sqrt(Vec a) { return {vsqrtq_f32(a.v)}; }
  static Vec abs(Vec a) { return {vabsq_f32(a.v)}; }
  static Vec round(Vec a) { return {vrndnq_f32(a.v)}; }
  // |a| with the sign of b.
  static Vec copysign(Vec a, Vec b) { return {vbslq_f32(vdupq_n_u32(0x80000000u), b.v, a.v)}; }
  // a < b ? x : y, lane by lane; false for NaN.
  static Vec where_less(Vec a, Vec b, Vec x, Vec y) { return {vbslq_f32(vcltq_f32(a.v, b.v), x.v, y.v)}; }
  // 2 to the power of n, whole numbers of -126..127, and 0 for -127.
  static Vec power_of_two(Vec n) {
    return {vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n.v), vdupq_n_s32(127)), 23))};
  }
  float sum() const { return vaddvq_f32(v); }
  float largest() const { return vmaxvq_f32(v); }
};
