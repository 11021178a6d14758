// Walking over rows vector by vector. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h.

constexpr float kLanes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// A whole vector, or the first n floats of one, by one name each.
struct Whole {
  static Vec load(const float* p) { return Vec::load(p); }
  static Vec load_or(const float* p, float) { return Vec::load(p); }
  static Vec choose(Vec x, Vec) { return x; }
  static void store(Vec v, float* p) { v.store(p); }
};
struct Part {
  int n;
  // The rest is 0.
  Vec load(const float* p) const { return Vec::load_first(p, n); }
  // The rest is `other`.
  Vec load_or(const float* p, float other) const { return choose(load(p), Vec::broadcast(other)); }
  // The first n of x, then those of `other`.
  Vec choose(Vec x, Vec other) const {
    return Vec::where_less(Vec::load(kLanes), Vec::broadcast(static_cast<float>(n)), x, other);
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
