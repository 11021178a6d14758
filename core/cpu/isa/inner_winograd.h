// Winograd's tiles on their way into inner products: AVX-512. Included by inner_avx512.cpp alone, inside its unnamed namespace, after
// inner_rows.h and winograd_transforms.h.

// How large a transformed tile is, from the tile: the transforms are differences of neighbours, but for a share of the squares themselves. In the
// mean over all elements, d being the difference of two neighbours, the squares of the results are 21 d^2 + 0.69 x^2 for 6 x 6, and 2 d^2 + x^2
// for 4 x 4. A row's first pixel stands for the others, from which they differ by the differences.
template <int E>
constexpr float kShareOfSquares = E*(E == 6 ? 0.69f / 42 : 1.f / 4);

// Half the squares of the differences, and that share of the squares.
template <int E>
inline Vec size_of_tile(const InnerWinogradCall& a, Vec factor) {
  Vec square[2] = {Vec::zero(), Vec::zero()}, difference[2] = {Vec::zero(), Vec::zero()};
  for (int64_t c = 0; c < a.channels; c += 2 * Vec::size) {
    const Vec s0 = Vec::load(a.channel_scale + c) * factor,
              s1 = Vec::load(a.channel_scale + c + Vec::size) * factor;
    for (int64_t r = a.top; r < a.bottom; ++r) {
      const float* x = a.x + r * a.x_row + a.left * a.x_pitch + c;
      Vec p = Vec::load(x) * s0, q = Vec::load(x + Vec::size) * s1;
      square[0] = Vec::fma(p, p, square[0]);
      square[1] = Vec::fma(q, q, square[1]);
      for (int64_t l = a.left + 1; l < a.right; ++l) {
        x += a.x_pitch;
        const Vec next_p = Vec::load(x) * s0, next_q = Vec::load(x + Vec::size) * s1;
        const Vec dp = next_p - p, dq = next_q - q;
        difference[0] = Vec::fma(dp, dp, difference[0]);
        difference[1] = Vec::fma(dq, dq, difference[1]);
        p = next_p, q = next_q;
      }
    }
  }
  return (difference[0] + difference[1]) * Vec::broadcast(0.5f) +
         (square[0] + square[1]) * Vec::broadcast(kShareOfSquares<E>);
}

template <int E>
[[gnu::noinline]] float factor_of_unusual_tile(const InnerWinogradCall& a, float each) {
  Vec most = Vec::zero();
  for (int64_t c = 0; c < a.channels; c += Vec::size)
    for (int64_t r = a.top; r < a.bottom; ++r)
      for (int64_t l = a.left; l < a.right; ++l)
        most = Vec::max_or_nan(most, Vec::abs(Vec::load(a.x + r * a.x_row + l * a.x_pitch + c) *
                                              Vec::load(a.channel_scale + c)));
  const float first = inverse_largest(largest_or_infinity(most));
  if (first == 0.f || first != first) return first;
  return first * inverse_root(size_of_tile<E>(a, Vec::broadcast(first)).sum() * each);
}

// What a tile is multiplied by: 1 where something is not finite, for that spreads over the tile anyway.
template <int E>
float factor_of_tile(const InnerWinogradCall& a) {
  const auto pixels = static_cast<float>((a.bottom - a.top) * (a.right - a.left));
  const float each = 1.f / (pixels * static_cast<float>(a.channels));
  const float mean = size_of_tile<E>(a, Vec::broadcast(1.f)).sum() * each;
  const float factor = says_something(mean) ? inverse_root(mean) : factor_of_unusual_tile<E>(a, each);
  return factor != factor ? 1.f : factor;
}

// 16 channels of a tile, transformed: use(element, vector).
template <int E, class Use>
[[gnu::always_inline]] inline void transform_channels(const InnerWinogradCall& a, const float* x, Vec scale,
                                                      Use&& use) {
  const bool whole = a.top == 0 && a.left == 0 && a.bottom == E && a.right == E;
  Vec rows[E][E];
#pragma GCC unroll 1
  for (int r = 0; r < E; ++r, x += a.x_row) {
    Vec line[E];
    if (whole) {
#pragma GCC unroll 6
      for (int l = 0; l < E; ++l) line[l] = Vec::load(x + l * a.x_pitch) * scale;
    } else {
#pragma GCC unroll 6
      for (int l = 0; l < E; ++l)
        line[l] = r >= a.top && r < a.bottom && l >= a.left && l < a.right
                      ? Vec::load(x + l * a.x_pitch) * scale
                      : Vec::zero();
    }
    input_transform<E>(line);
#pragma GCC unroll 6
    for (int l = 0; l < E; ++l) rows[r][l] = line[l];
  }
#pragma GCC unroll 1
  for (int l = 0; l < E; ++l) {
    Vec line[E];
#pragma GCC unroll 6
    for (int r = 0; r < E; ++r) line[r] = rows[r][l];
    input_transform<E>(line);
#pragma GCC unroll 6
    for (int r = 0; r < E; ++r) use(r * E + l, line[r]);
  }
}

template <int E>
void winograd(const InnerWinogradCall& a) {
  constexpr int elements = E * E, padded = (elements + 15) / 16 * 16;
  const float factor = factor_of_tile<E>(a);
  *a.tile_scale = factor == 0.f ? 0.f : 1.f / factor;
  const Vec f = Vec::broadcast(factor);
  float *v = a.v, *to_sums = a.sums;
  for (int64_t first = 0; first < a.channels; first += kInnerChunk, to_sums += a.sums_chunk) {
    const int64_t last = first + kInnerChunk < a.channels ? first + kInnerChunk : a.channels;
    Vec products[padded];
    for (Vec& p : products) p = Vec::zero();
    for (int64_t c = first; c < last; c += kInnerBlock, v += a.v_block) {
      transform_channels<E>(
          a, a.x + c, Vec::load(a.channel_scale + c) * f, [&](int e, Vec y) __attribute__((always_inline)) {
            y.store(v + e * a.v_element);
          });
      transform_channels<E>(
          a, a.x + c + 16,
          Vec::load(a.channel_scale + c + 16) * f, [&](int e, Vec y) __attribute__((always_inline)) {
            float* to = v + e * a.v_element;
            products[e] = Vec::fma(y, Vec::load(to), products[e]);
            y.store(to + 16);
          });
    }
    alignas(64) float sums[padded];
    for (int e = 0; e < elements; ++e) products[e] = alternating(products[e]);
    for (int e = 0; e < padded; e += 16) sums_of(products + e).store(sums + e);
    for (int e = 0; e < elements; ++e) to_sums[e * a.sums_element] = sums[e];
  }
}
