// Multiply-adds that wait for nothing. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h.

constexpr int kChains = 12;  // enough for two units that take four to five cycles each

float multiply_add(int64_t rounds) {
  Vec sums[kChains];
  for (int i = 0; i < kChains; ++i) sums[i] = Vec::broadcast(static_cast<float>(i));
  const Vec a = Vec::broadcast(0.999f), b = Vec::broadcast(0.001f);
  for (int64_t r = 0; r < rounds; ++r)
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = Vec::fma(sums[i], a, b);
  float total = 0.f;
  for (int i = 0; i < kChains; ++i) total += sums[i].sum();
  return total;
}

constexpr double kFlopsEach = 2.0 * kChains * Vec::size;
