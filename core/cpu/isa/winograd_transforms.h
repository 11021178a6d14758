// Winograd's transforms of one line. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h.
//
// E x E inputs give (E - 2) x (E - 2) outputs. E = 4: points 0, 1, -1, inf. E = 6: points 0, a, -a, b, -b, inf with a = sqrt(1/2),
// b = sqrt(2): since a * b = 1 and a^2 + b^2 = 5/2 most constants are small and exact, and the error is a third of that of 0, +-1, +-2.

constexpr float kRootHalf = 0.70710678118654752440f, kRootTwo = 1.41421356237309504880f;

template <int E>
inline void input_transform(Vec (&x)[E]) {
  if constexpr (E == 6) {
    const Vec a = Vec::broadcast(kRootHalf), b = Vec::broadcast(kRootTwo), half = Vec::broadcast(.5f),
              two = Vec::broadcast(2.f), sum = Vec::broadcast(2.5f);
    const Vec s = Vec::fnma(two, x[2], x[4]), t = Vec::fnma(two, x[1], x[3]);
    const Vec u = Vec::fnma(half, x[2], x[4]), v = Vec::fnma(half, x[1], x[3]);
    x[0] = x[0] + Vec::fnma(sum, x[2], x[4]);
    x[5] = x[1] + Vec::fnma(sum, x[3], x[5]);
    x[1] = Vec::fma(a, t, s);
    x[2] = Vec::fnma(a, t, s);
    x[3] = Vec::fma(b, v, u);
    x[4] = Vec::fnma(b, v, u);
  } else {
    const Vec p = x[0] - x[2], q = x[1] + x[2], r = x[2] - x[1], s = x[1] - x[3];
    x[0] = p, x[1] = q, x[2] = r, x[3] = s;
  }
}

template <int E>
inline void output_transform(const Vec (&m)[E], Vec (&y)[E - 2]) {
  const Vec p = m[1] + m[2], d = m[1] - m[2];
  if constexpr (E == 6) {
    const Vec q = m[3] + m[4], e = m[3] - m[4];
    y[0] = m[0] + (p + q);
    y[1] = Vec::fma(Vec::broadcast(kRootHalf), d, Vec::broadcast(kRootTwo) * e);
    y[2] = Vec::fma(Vec::broadcast(.5f), p, q + q);
    y[3] = m[5] + Vec::fma(Vec::broadcast(kRootHalf * .5f), d, Vec::broadcast(kRootTwo * 2.f) * e);
  } else {
    y[0] = m[0] + p;
    y[1] = d - m[3];
  }
}
