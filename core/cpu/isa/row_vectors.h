// Walking over rows vector by vector. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h.

// A whole vector, or the first n floats of one, by one name each.
struct Whole {
  static Vec load(const float* p) { return Vec::load(p); }
  static Vec load_or(const float* p, float) { return Vec::load(p); }
  static void store(Vec v, float* p) { v.store(p); }
};
struct Part {
  int n;
  // The rest is 0.
  Vec load(const float* p) const { return Vec::load_first(p, n); }
  // The rest is `other`.
  Vec load_or(const float* p, float other) const {
    float all[Vec::size];
    for (int i = 0; i < Vec::size; ++i) all[i] = i < n ? p[i] : other;
    return Vec::load(all);
  }
  void store(Vec v, float* p) const { v.store_first(p, n); }
};

// f(position, Whole or Part) for the vectors of n floats.
template <class F>
inline void for_each_vector(int64_t n, F&& f) {
  int64_t i = 0;
  for (; i + Vec::size <= n; i += Vec::size) f(i, Whole{});
  if (i < n) f(i, Part{static_cast<int>(n - i)});
}
