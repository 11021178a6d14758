// Scaled dot-product attention in one pass: scores, softmax and the weighted sum of values stay in the first caches.
#pragma once
#include <memory>

#include "cpu/engine/operator.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// Where heads of rows lie: floats from image to image, from token to token, and from head to head. The channels of a head are adjacent.
// A slice of a fused [N, T, 3 C] projection of pitch p has {T * p, p, head size} and a pointer to its first channel;
// a contiguous [N, heads, T, D] has {heads * T * D, D, T * D}.
struct HeadRows {
  int64_t image = 0, token = 0, head = 0;
};

enum class MaskKind : int32_t {
  none,
  added,   // f32, added to the scaled scores
  allowed  // bool: where false, a key does not count
};

// aten.scaled_dot_product_attention: softmax(query key^T scale + mask) value. Query head h attends to key head h / (heads / key_heads).
// A query that may attend to no key gives zeros.
struct AttentionGeometry {
  int64_t images = 1, heads = 1, key_heads = 1;
  int64_t queries = 1, keys = 1;          // tokens
  int64_t head_size = 1, value_size = 1;  // channels of a head of query and key, and of value and output
  HeadRows query = {}, key = {}, value = {}, output = {};
  float scale = 1.f;
  bool causal = false;  // query i attends to keys up to i + causal_offset (0: PyTorch's is_causal)
  int64_t causal_offset = 0;
  MaskKind mask = MaskKind::none;
  int64_t mask_image = 0, mask_head = 0, mask_query = 0;  // elements from one to the next, 0 where it repeats
  int64_t mask_key = 1;                                   // 1, or 0: one element for all keys
};

// Inputs [query, key, value, mask or null, key count or null], outputs [output]. The key count is an int64 of 1..keys, read at each run:
// how many of the keys count, all where it is null. With it, causal_offset is key count - queries + the geometry's: a cache that fills.
// The output must not overlap the inputs, except that it may be the query where both lie alike.
std::unique_ptr<Operator> make_attention(const AttentionGeometry& geometry, const isa::Kernels& kernels);

}  // namespace sconce::engine
