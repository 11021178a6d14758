// The engine's attention against its definition in double, beside PyTorch's own error, for every instruction set that this machine has.
#include <algorithm>

#include "cpu/engine/attention.h"
#include "support/operator_case.h"

using namespace sconce;
using namespace sconce::engine;
using namespace sconce::test;

namespace {

struct Case {
  std::string name;
  int64_t images, heads, key_heads, queries, keys, size, value_size;
  bool causal = false;
  double scale = 0;  // 0: 1 / sqrt(size)
  // Of the mask, 0 where there is none.
  int64_t mask_images = 0, mask_heads = 0, mask_queries = 0;
  bool boolean = false;
  double threshold = 0;
  int64_t hidden_query = -1;
};

const Case kCases[] = {
    {"vit", 1, 2, 2, 197, 197, 64, 64},
    {"bert_long", 1, 1, 1, 40, 530, 64, 64},
    {.name = "swin",
     .images = 3,
     .heads = 3,
     .key_heads = 3,
     .queries = 49,
     .keys = 49,
     .size = 32,
     .value_size = 32,
     .mask_images = 1,
     .mask_heads = 3,
     .mask_queries = 49},
    {.name = "swin_shift",
     .images = 4,
     .heads = 1,
     .key_heads = 1,
     .queries = 49,
     .keys = 49,
     .size = 32,
     .value_size = 32,
     .mask_images = 4,
     .mask_heads = 1,
     .mask_queries = 49},
    {"gpt", 1, 3, 3, 70, 70, 64, 64, true},
    {"wide_causal", 1, 2, 2, 5, 9, 16, 16, true},
    {"grouped", 2, 6, 2, 19, 23, 48, 48},
    {"value_size", 1, 2, 2, 33, 18, 20, 37, false, 0.3},
    {"big_head", 1, 1, 1, 13, 31, 256, 256},
    {"negative_scale", 1, 1, 1, 9, 17, 8, 8, false, -0.5},
    {"tiny_head", 1, 1, 1, 7, 5, 3, 2},
    {.name = "hidden",
     .images = 2,
     .heads = 2,
     .key_heads = 2,
     .queries = 11,
     .keys = 29,
     .size = 24,
     .value_size = 24,
     .mask_images = 1,
     .mask_heads = 1,
     .mask_queries = 11,
     .boolean = true,
     .threshold = 0.3,
     .hidden_query = 4},
    {.name = "key_mask",
     .images = 2,
     .heads = 2,
     .key_heads = 2,
     .queries = 11,
     .keys = 29,
     .size = 24,
     .value_size = 24,
     .mask_images = 2,
     .mask_heads = 1,
     .mask_queries = 1,
     .boolean = true,
     .threshold = -1},
    {"decode", 1, 3, 3, 1, 301, 64, 64},
    {"decode_grouped", 2, 4, 2, 1, 77, 80, 80},
    {.name = "decode_few",
     .images = 1,
     .heads = 2,
     .key_heads = 2,
     .queries = 3,
     .keys = 50,
     .size = 20,
     .value_size = 12,
     .mask_images = 1,
     .mask_heads = 1,
     .mask_queries = 3},
};

// What a case reads: rows of tokens that hold all heads, and the mask.
struct Data {
  std::vector<float> q, k, v, mask;
  std::vector<uint8_t> allowed;
};
Data data_of(const Case& c) {
  Data d;
  d.q = numbers(c.name + ".q", c.images * c.queries * c.heads * c.size);
  d.k = numbers(c.name + ".k", c.images * c.keys * c.key_heads * c.size);
  d.v = numbers(c.name + ".v", c.images * c.keys * c.key_heads * c.value_size);
  d.mask = numbers(c.name + ".mask", c.mask_images * c.mask_heads * c.mask_queries * c.keys);
  for (size_t i = 0; i < d.mask.size(); ++i)
    d.allowed.push_back(static_cast<double>(d.mask[i]) > c.threshold &&
                        static_cast<int64_t>(i) / c.keys != c.hidden_query);
  return d;
}

AttentionGeometry geometry_of(const Case& c) {
  AttentionGeometry g{.images = c.images,
                      .heads = c.heads,
                      .key_heads = c.key_heads,
                      .queries = c.queries,
                      .keys = c.keys,
                      .head_size = c.size,
                      .value_size = c.value_size};
  g.scale = c.scale != 0 ? static_cast<float>(c.scale) : 1.f / std::sqrt(static_cast<float>(c.size));
  g.causal = c.causal;
  if (c.mask_images > 0) {
    g.mask = c.boolean ? MaskKind::allowed : MaskKind::added;
    g.mask_query = c.mask_queries > 1 ? c.keys : 0;
    g.mask_head = c.mask_heads > 1 ? c.mask_queries * c.keys : 0;
    g.mask_image = c.mask_images > 1 ? c.mask_heads * c.mask_queries * c.keys : 0;
  }
  return g;
}

std::vector<double> by_definition(const Case& c, const Data& d, int64_t key_count, int64_t causal_offset) {
  const AttentionGeometry g = geometry_of(c);
  const double scale = c.scale != 0 ? c.scale : 1 / std::sqrt(static_cast<double>(c.size));
  std::vector<double> y(static_cast<size_t>(c.images * c.queries * c.heads * c.value_size));
  for (int64_t n = 0; n < c.images; ++n)
    for (int64_t h = 0; h < c.heads; ++h)
      for (int64_t i = 0; i < c.queries; ++i) {
        const int64_t kh = h / (c.heads / c.key_heads);
        std::vector<double> weights;
        double largest = -std::numeric_limits<double>::infinity(), sum = 0;
        for (int64_t j = 0; j < key_count; ++j) {
          double s = 0;
          for (int64_t e = 0; e < c.size; ++e)
            s += static_cast<double>(
                     d.q[static_cast<size_t>(((n * c.queries + i) * c.heads + h) * c.size + e)]) *
                 static_cast<double>(
                     d.k[static_cast<size_t>(((n * c.keys + j) * c.key_heads + kh) * c.size + e)]);
          s *= scale;
          const auto at = static_cast<size_t>(n * g.mask_image + h * g.mask_head + i * g.mask_query + j);
          if (g.mask == MaskKind::added) s += static_cast<double>(d.mask[at]);
          if ((g.mask == MaskKind::allowed && !d.allowed[at]) || (c.causal && j > i + causal_offset))
            s = -std::numeric_limits<double>::infinity();
          weights.push_back(s);
          largest = std::max(largest, s);
        }
        for (double& w : weights) sum += w = std::isinf(w) ? 0 : std::exp(w - largest);
        for (int64_t e = 0; e < c.value_size; ++e) {
          double o = 0;
          for (int64_t j = 0; j < key_count; ++j)
            o += weights[static_cast<size_t>(j)] *
                 static_cast<double>(
                     d.v[static_cast<size_t>(((n * c.keys + j) * c.key_heads + kh) * c.value_size + e)]);
          y[static_cast<size_t>(((n * c.queries + i) * c.heads + h) * c.value_size + e)] =
              sum > 0 ? o / sum : 0;
        }
      }
  return y;
}

// A case's operands in memory, rows of tokens with something between them.
struct Memory {
  Rows q, k, v, out;
  AttentionGeometry g;
  const void* mask;

  Memory(const Case& c, const Data& d)
      : q(d.q, c.images * c.queries, c.heads * c.size, c.heads * c.size + 7),
        k(d.k, c.images * c.keys, c.key_heads * c.size, c.key_heads * c.size + 1),
        v(d.v, c.images * c.keys, c.key_heads * c.value_size, c.key_heads * c.value_size + 12),
        out(c.images * c.queries, c.heads * c.value_size, c.heads * c.value_size + 5),
        g(geometry_of(c)),
        mask(g.mask == MaskKind::none      ? nullptr
             : g.mask == MaskKind::allowed ? static_cast<const void*>(d.allowed.data())
                                           : static_cast<const void*>(d.mask.data())) {
    const auto rows = [](int64_t tokens, int64_t pitch, int64_t head) {
      return HeadRows{tokens * pitch, pitch, head};
    };
    g.query = rows(c.queries, c.heads * c.size + 7, c.size);
    g.key = rows(c.keys, c.key_heads * c.size + 1, c.size);
    g.value = rows(c.keys, c.key_heads * c.value_size + 12, c.value_size);
    g.output = rows(c.queries, c.heads * c.value_size + 5, c.value_size);
  }
  std::vector<const void*> inputs(const int64_t* key_count = nullptr) {
    return {q.data(), k.data(), v.data(), mask, key_count};
  }
};

}  // namespace

TEST_CASE("attention beside PyTorch's error: masks, causality, grouped heads, sizes, few queries") {
  for (const isa::Kernels& kernels : all_kernels())
    for (const Case& c : kCases) {
      CAPTURE(kernels.name);
      CAPTURE(c.name);
      const Data d = data_of(c);
      Memory m(c, d);
      const auto op = make_attention(m.g, kernels);
      run(*op, m.inputs(), {m.out.data()});
      CHECK(m.out.guarded());
      const std::vector<float> together = m.out.values();
      check_beside_torch(c.name, together, by_definition(c, d, c.keys, 0));
      run(*op, m.inputs(), {m.out.data()}, true);
      CHECK(m.out.values() == together);
    }
}

TEST_CASE("attention: every tail of queries, keys and channels") {
  for (const isa::Kernels& kernels : all_kernels())
    for (const int64_t queries : {1, 4, 5, 6, 7, 11, 13, 25, 61})
      for (const int64_t keys : {1, 7, 8, 9, 16, 17, 31, 33, 65})
        for (const auto& sizes : {std::pair<int64_t, int64_t>{1, 1}, {8, 9}, {9, 16}, {17, 33}}) {
          const int64_t size = sizes.first, value_size = sizes.second;
          const Case c{"tail", 1, 2, 1, queries, keys, size, value_size, keys % 2 == 1};
          const Data d = data_of(c);
          Memory m(c, d);
          run(*make_attention(m.g, kernels), m.inputs(), {m.out.data()});
          const bool guarded = m.out.guarded();
          const double error = relative_error(m.out.values(), by_definition(c, d, keys, 0));
          if (!guarded || !(error < 5e-7)) {
            CAPTURE(kernels.name);
            CAPTURE(queries);
            CAPTURE(keys);
            CAPTURE(value_size);
            CHECK(guarded);
            CHECK(error < 5e-7);
          }
        }
}

TEST_CASE("attention: a cache of keys of which some count") {
  for (const isa::Kernels& kernels : all_kernels())
    for (const int64_t queries : {1, 2, 6}) {
      CAPTURE(kernels.name);
      CAPTURE(queries);
      Case c{"cache", 1, 2, 1, queries, 40, 24, 24, true};
      const Data d = data_of(c);
      Memory m(c, d);
      const auto op = make_attention(m.g, kernels);
      for (const int64_t count : {queries, int64_t{7}, int64_t{33}, int64_t{40}}) {
        run(*op, m.inputs(&count), {m.out.data()});
        CHECK(relative_error(m.out.values(), by_definition(c, d, count, count - queries)) < 4e-7);
      }
      for (const int64_t bad : {int64_t{0}, int64_t{41}})
        CHECK_THROWS_AS(run(*op, m.inputs(&bad), {m.out.data()}), Error);
    }
}

TEST_CASE("attention: long heads are cut into pieces that give the same bits, short ones share pieces") {
  for (const isa::Kernels& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    Case c{"long", 1, 1, 1, 430, 430, 64, 64, true};
    const Data d = data_of(c);
    Memory m(c, d);
    const auto op = make_attention(m.g, kernels);
    CHECK(op->pieces() > 1);
    run(*op, m.inputs(), {m.out.data()});
    const std::vector<float> together = m.out.values();
    CHECK(relative_error(together, by_definition(c, d, 430, 0)) < 4e-7);
    run(*op, m.inputs(), {m.out.data()}, true);
    CHECK(m.out.values() == together);
    CHECK(make_attention({.images = 64,
                          .heads = 3,
                          .key_heads = 3,
                          .queries = 49,
                          .keys = 49,
                          .head_size = 32,
                          .value_size = 32},
                         kernels)
              ->pieces() < 64);
  }
}

TEST_CASE("attention: infinities and NaN as in PyTorch") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  for (const isa::Kernels& kernels : all_kernels())
    for (const int64_t queries : {1, 5}) {
      CAPTURE(kernels.name);
      CAPTURE(queries);
      Case c{.name = "special",
             .images = 1,
             .heads = 1,
             .key_heads = 1,
             .queries = queries,
             .keys = 6,
             .size = 8,
             .value_size = 8,
             .mask_images = 1,
             .mask_heads = 1,
             .mask_queries = queries};
      for (const float value : {-inf, nan, inf}) {
        Data d = data_of(c);
        for (size_t j = 0; j < 6; ++j)
          d.mask[j] = std::isinf(value) && value < 0 ? value : j == 2 ? value : 0.f;
        Memory m(c, d);
        m.g.mask_query = 6;
        run(*make_attention(m.g, kernels), m.inputs(), {m.out.data()});
        for (int64_t e = 0; e < 8; ++e) {
          if (value == -inf)
            CHECK(m.out.at(0, e) == 0);
          else
            CHECK(std::isnan(m.out.at(0, e)));
          if (queries > 1) CHECK(std::isfinite(m.out.at(1, e)));
        }
      }
    }
}
