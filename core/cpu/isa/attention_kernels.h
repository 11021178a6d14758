// Attention of one head. Included by kernels' sources alone, inside their unnamed namespace, after norm_kernels.h. The source says with
// kTileRows and kTileVectors how large a tile of results its registers hold.

constexpr int kPanel = kTileVectors * Vec::size;
constexpr int kMostQueries = 10 * kTileRows;
constexpr int64_t kKeyBlock = 256;  // so many keys' values of a panel too

// c[i][0..columns) (+)= scale[i] * sum over k of a[i][k] * panel[k][0..columns). Up to the next whole vector more of c may be written, when
// `padded`.
struct TileCall {
  const float* a;
  const float* panel;
  float* c;
  int64_t a_pitch, c_pitch, k, columns;
  const float* scale;  // of each row, or null: 1
  bool accumulate, padded;
};
template <int Rows, int Vectors>
void tile(const TileCall& call) {
  constexpr int kWidth = Vectors * Vec::size;
  Vec sums[Rows][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) sums[i][j] = Vec::zero();
  const float* panel = call.panel;
  const float* a = call.a;
  const int64_t pitch = call.a_pitch;
  for (int64_t k = 0; k < call.k; ++k, panel += kPanel, ++a) {
    Vec b[Vectors];
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) b[j] = Vec::load(panel + j * Vec::size);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const Vec x = Vec::broadcast(a[i * pitch]);
#pragma GCC unroll 4
      for (int j = 0; j < Vectors; ++j) sums[i][j] = Vec::fma(x, b[j], sums[i][j]);
    }
  }
  // Whole rows go straight from registers to memory; the rest by way of memory, for registers cannot be numbered at run time.
  const bool whole = (call.columns >= kWidth || call.padded) && !call.accumulate;
  float rest[Rows * kWidth];
  float* to = whole ? call.c : rest;
  const int64_t to_pitch = whole ? call.c_pitch : kWidth;
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
    const Vec scale = constant(call.scale ? call.scale[i] : 1.f);
#pragma GCC unroll 4
    for (int j = 0; j < Vectors; ++j) (sums[i][j] * scale).store(to + i * to_pitch + j * Vec::size);
  }
  if (whole) return;
  const int64_t columns = call.columns < kWidth ? call.columns : kWidth;
  for (int i = 0; i < Rows; ++i) {
    float* c = call.c + i * call.c_pitch;
    for_each_vector(columns, [&](int64_t j, auto part) {
      const Vec sum = Vec::load(rest + i * kWidth + j);
      part.store(call.accumulate ? part.load(c + j) + sum : sum, c + j);
    });
  }
}
// The narrowest of two widths that holds the columns.
template <int Rows>
inline void tile_of(int64_t rows, const TileCall& call) {
  if constexpr (Rows > 0) {
    if (rows != Rows) return tile_of<Rows - 1>(rows, call);
    if (call.columns <= kPanel / 2) return tile<Rows, kTileVectors / 2>(call);
    tile<Rows, kTileVectors>(call);
  }
}
// f(first row, rows) for tiles that are as equal as can be.
template <class F>
inline void for_each_tile(int64_t rows, F&& f) {
  int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  for (int64_t i = 0; tiles > 0; --tiles) {
    const int64_t n = (rows - i + tiles - 1) / tiles;
    f(i, n);
    i += n;
  }
}

void pack_keys(const float* keys, int64_t pitch, int64_t count, int64_t size, float* packed) {
  for (int64_t begin = 0; begin < count; begin += kPanel, packed += size * kPanel)
    for (int64_t i = 0; i < kPanel; i += kBlock) {
      const float* from = keys + (begin + i) * pitch;
      float* to = packed + i;
      int64_t c = 0;
      if (begin + i + kBlock <= count)
        for (; c + kBlock <= size; c += kBlock) transpose_block(from + c, pitch, to + c * kPanel, kPanel);
      for (; c < size; ++c) {
        for (int64_t j = 0; j < kBlock; ++j) to[c * kPanel + j] = 0.f;
        for (int64_t j = 0; j < kBlock && begin + i + j < count; ++j)
          to[c * kPanel + j] = from[j * pitch + c];
      }
    }
}
void pack_values(const float* values, int64_t pitch, int64_t count, int64_t room, int64_t size,
                 float* packed) {
  for (int64_t begin = 0; begin < size; begin += kPanel, packed += room * kPanel) {
    const int64_t n = size - begin < kPanel ? size - begin : kPanel;
    for (int64_t j = 0; j < count; ++j) {
      const float* from = values + j * pitch + begin;
      float* to = packed + j * kPanel;
      for (int v = 0; v < kTileVectors; ++v) {
        const int64_t left = n - v * Vec::size;
        const Vec x = left >= Vec::size ? Vec::load(from + v * Vec::size)
                      : left > 0        ? Vec::load_first(from + v * Vec::size, static_cast<int>(left))
                                        : Vec::zero();
        x.store(to + v * Vec::size);
      }
    }
  }
}
void product(const float* x, int64_t x_pitch, int64_t rows, const float* packed, int64_t k, int64_t n,
             float* y, int64_t y_pitch) {
  for (int64_t begin = 0; begin < n; begin += kPanel)
    for_each_tile(rows, [&](int64_t i, int64_t tile_rows) {
      tile_of<kTileRows>(tile_rows, {.a = x + i * x_pitch,
                                     .panel = packed + begin * k,
                                     .c = y + i * y_pitch + begin,
                                     .a_pitch = x_pitch,
                                     .c_pitch = y_pitch,
                                     .k = k,
                                     .columns = n - begin < kPanel ? n - begin : kPanel,
                                     .scale = nullptr,
                                     .accumulate = false,
                                     .padded = false});
    });
}

// How many keys query i of the call sees.
inline int64_t visible_keys(const AttentionCall& call, int64_t i) {
  const int64_t causal = call.causal_keys + i;
  return causal >= call.key_count ? call.key_count : causal > 0 ? causal : 0;
}

// scores[0..n) * scale + mask, in place. Returns the largest.
inline float apply_mask(const AttentionCall& call, int64_t i, float* scores, int64_t n) {
  const Vec scale = constant(call.scale), hidden = constant(-__builtin_inff());
  Vec largest = hidden;
  const auto keep = [&](int64_t j, auto part, Vec x) {
    part.store(x, scores + j);
    largest = Vec::max(largest, part.choose(x, hidden));
  };
  if (call.mask && call.mask_key != 0) {
    const float* mask = call.mask + i * call.mask_query;
    for_each_vector(n, [&](int64_t j, auto part) {
      keep(j, part, Vec::fma(part.load(scores + j), scale, part.load(mask + j)));
    });
  } else if (call.allowed) {
    const uint8_t* allowed = call.allowed + i * call.mask_query;
    for (int64_t j = 0; j < n; ++j)
      scores[j] = allowed[j * call.mask_key] ? scores[j] * call.scale : -__builtin_inff();
    return largest_of(scores, n);
  } else {
    const Vec all = call.mask ? constant(call.mask[i * call.mask_query]) : Vec::zero();
    for_each_vector(
        n, [&](int64_t j, auto part) { keep(j, part, Vec::fma(part.load(scores + j), scale, all)); });
  }
  return largest.largest();
}

// Turns the scores of query i into weights, e^(score - the largest), 0 from its last visible key up to `end`. Returns the factor that makes
// their sum 1. A query without keys has weights and factor 0, as PyTorch gives zeros for it.
inline float weigh(const AttentionCall& call, int64_t i, float* scores, int64_t end) {
  const int64_t n = visible_keys(call, i);
  float sum = 0.f;
  // The scale goes into the exponent when it keeps the order and nothing is added.
  const bool masked = call.mask || call.allowed || !(call.scale > 0.f);
  const Vec scale = constant(masked ? kLog2E : call.scale * kLog2E);
  const float largest = masked ? apply_mask(call, i, scores, n) : largest_of(scores, n);
  int64_t written = 0;
  if (largest > -__builtin_inff() || largest != largest) {
    const Vec top = constant(largest);
    sum = sum_over(n, [&](int64_t j, auto part, Vec s) {
      const Vec e = exp2_nonpositive((part.load_or(scores + j, -__builtin_inff()) - top) * scale);
      part.store(e, scores + j);
      return s + e;
    });
    written = n;
  }
  for (int64_t j = written; j < end; ++j) scores[j] = 0.f;
  return sum == 0.f ? 0.f : 1.f / sum;
}

inline int64_t score_pitch(int64_t keys) { return (keys + kPanel - 1) / kPanel * kPanel; }
// How many queries are worked on at a time: so many that their scores stay in the first cache beside a panel of keys; at least four
// tiles, for which a panel is read once, unless they were too many for the second cache.
int64_t query_rows(int64_t keys) {
  const int64_t row = score_pitch(keys);
  int64_t tiles = kMostQueries / kTileRows;
  while (tiles > 4 && tiles * kTileRows * row > 6 * 1024) --tiles;
  while (tiles > 1 && tiles * kTileRows * row > 48 * 1024) --tiles;
  return tiles * kTileRows;
}

void attention(const AttentionCall& call) {
  const int64_t pitch = score_pitch(call.packed_keys);
  float* scores = call.scratch;
  float factors[kMostQueries];
  // Blocks as equal as whole tiles allow.
  const int64_t most = query_rows(call.packed_keys), blocks = (call.queries + most - 1) / most;
  const int64_t tiles = (call.queries + kTileRows - 1) / kTileRows,
                block = (tiles + blocks - 1) / blocks * kTileRows;
  for (int64_t first = 0; first < call.queries; first += block) {
    const int64_t rows = call.queries - first < block ? call.queries - first : block;
    // Under a causal mask a tile needs the keys of its last query alone.
    const auto keys_of = [&](int64_t i, int64_t n) { return visible_keys(call, first + i + n - 1); };
    const int64_t keys = keys_of(0, rows);
    for (int64_t begin = 0; begin < keys; begin += kPanel)
      for_each_tile(rows, [&](int64_t i, int64_t n) {
        if (begin >= keys_of(i, n)) return;
        tile_of<kTileRows>(n, {.a = call.query + (first + i) * call.query_pitch,
                               .panel = call.keys + begin * call.head_size,
                               .c = scores + i * pitch + begin,
                               .a_pitch = call.query_pitch,
                               .c_pitch = pitch,
                               .k = call.head_size,
                               .columns = keys - begin,
                               .scale = nullptr,
                               .accumulate = false,
                               .padded = true});
      });
    for_each_tile(rows, [&](int64_t i, int64_t n) {
      for (int64_t j = i; j < i + n; ++j)
        factors[j] = weigh(call, first + j, scores + j * pitch, keys_of(i, n));
    });
    for (int64_t key = 0; key == 0 || key < keys; key += kKeyBlock)
      for (int64_t begin = 0; begin < call.value_size; begin += kPanel)
        for_each_tile(rows, [&](int64_t i, int64_t n) {
          const int64_t left = keys_of(i, n) - key;
          if (key > 0 && left <= 0) return;
          tile_of<kTileRows>(n, {.a = scores + i * pitch + key,
                                 .panel = call.values + (begin * call.packed_keys + key * kPanel),
                                 .c = call.output + (first + i) * call.output_pitch + begin,
                                 .a_pitch = pitch,
                                 .c_pitch = call.output_pitch,
                                 .k = left < kKeyBlock ? left : kKeyBlock,
                                 .columns = call.value_size - begin,
                                 .scale = factors + i,
                                 .accumulate = key > 0,
                                 .padded = false});
        });
  }
}

// The products of one query with `n` keys, four at a time.
inline void score_rows(const float* query, const float* keys, int64_t pitch, int64_t n, int64_t size,
                       float* scores) {
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) {
    const float* key = keys + j * pitch;
    Vec sums[4] = {Vec::zero(), Vec::zero(), Vec::zero(), Vec::zero()};
    for_each_vector(size, [&](int64_t c, auto part) {
      const Vec q = part.load(query + c);
      for (int i = 0; i < 4; ++i) sums[i] = Vec::fma(q, part.load(key + i * pitch + c), sums[i]);
    });
    for (int i = 0; i < 4; ++i) scores[j + i] = sums[i].sum();
  }
  for (; j < n; ++j) {
    const float* key = keys + j * pitch;
    Vec sum = Vec::zero();
    for_each_vector(
        size, [&](int64_t c, auto part) { sum = Vec::fma(part.load(query + c), part.load(key + c), sum); });
    scores[j] = sum.sum();
  }
}
// The sum of n rows of values by their weights; Count vectors of channels at a time.
template <int Count>
inline void weighted_sum(const float* weights, const float* values, int64_t pitch, int64_t n, float factor,
                         float* output) {
  Vec sums[Count];
  for (int c = 0; c < Count; ++c) sums[c] = Vec::zero();
  for (int64_t j = 0; j < n; ++j) {
    const Vec w = Vec::broadcast(weights[j]);
    for (int c = 0; c < Count; ++c)
      sums[c] = Vec::fma(w, Vec::load(values + j * pitch + c * Vec::size), sums[c]);
  }
  for (int c = 0; c < Count; ++c) (sums[c] * Vec::broadcast(factor)).store(output + c * Vec::size);
}

void decode(const DecodeCall& call) {
  const AttentionCall& head = call.head;
  float* scores = head.scratch;
  for (int64_t i = 0; i < head.queries; ++i) {
    const int64_t n = visible_keys(head, i);
    score_rows(head.query + i * head.query_pitch, head.keys, call.key_pitch, n, head.head_size, scores);
    const float factor = weigh(head, i, scores, n);
    float* output = head.output + i * head.output_pitch;
    int64_t c = 0;
    for (; c + 8 * Vec::size <= head.value_size; c += 8 * Vec::size)
      weighted_sum<8>(scores, head.values + c, call.value_pitch, n, factor, output + c);
    for (; c + Vec::size <= head.value_size; c += Vec::size)
      weighted_sum<1>(scores, head.values + c, call.value_pitch, n, factor, output + c);
    if (c < head.value_size) {
      const Part part{static_cast<int>(head.value_size - c)};
      Vec sum = Vec::zero();
      for (int64_t j = 0; j < n; ++j)
        sum = Vec::fma(constant(scores[j]), part.load(head.values + j * call.value_pitch + c), sum);
      part.store(sum * constant(factor), output + c);
    }
  }
}
