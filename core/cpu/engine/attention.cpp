// Attention as an operator: heads and blocks of queries make the pieces; keys and values are packed once for those that share them.
#include "cpu/engine/attention.h"

#include <sconce/error.h>

#include "cpu/engine/split.h"
#include "cpu/isa/tokens.h"

namespace sconce::engine {
namespace {

// Below so many queries packing costs more than it saves.
constexpr int64_t kFewQueries = 4;
// Multiplications of a piece: some 100 microseconds.
constexpr int64_t kProductsOfPiece = 4'000'000;

class Attention final : public Operator {
 public:
  Attention(const AttentionGeometry& g, const isa::Kernels& kernels) : g_(g), kernels_(kernels) {
    check(g.key_heads > 0 && g.heads % g.key_heads == 0, "[scaled_dot_product_attention] expected heads (",
          g.heads, ") to be a multiple of key heads (", g.key_heads, ")");
    packs_ = g.queries >= kFewQueries;
    const int64_t for_query = std::max<int64_t>(g.keys * (g.head_size + g.value_size), 1);
    // Blocks of queries of a long head, each worth its packing; or several short heads.
    block_ = g.queries;
    if (packs_) {
      const int64_t blocks = std::max<int64_t>(g.queries * for_query / kProductsOfPiece / 2, 1);
      block_ = std::max<int64_t>((g.queries + blocks - 1) / blocks, std::min<int64_t>(g.queries, 64));
    }
    blocks_ = (g.queries + block_ - 1) / block_;
    // In place, memory is the limit, not multiplications.
    split_ = Split::by_cost(g.images * g.heads * blocks_, block_ * for_query,
                            packs_ ? kProductsOfPiece : kProductsOfPiece / 8);
  }

  int64_t pieces() const override { return split_.pieces(); }
  int64_t scratch_bytes() const override { return 4 * (score_floats() + key_floats() + value_floats()); }

  void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const override {
    const isa::TokensKernels& kernels = *kernels_.tokens;
    float* scores = static_cast<float*>(scratch);
    float* keys = scores + score_floats();
    float* values = keys + key_floats();
    int64_t count = g_.keys, causal_offset = g_.causal_offset;
    if (operands.inputs[4]) {
      count = *static_cast<const int64_t*>(operands.inputs[4]);
      check(count >= 1 && count <= g_.keys, "[scaled_dot_product_attention] expected a key count of 1 to ",
            g_.keys, ", got ", count);
      causal_offset += count - g_.queries;
    }
    int64_t packed = -1;
    for (int64_t item = split_.begin(begin); item < split_.begin(end); ++item) {
      const int64_t block = item % blocks_, head = item / blocks_ % g_.heads,
                    image = item / (blocks_ * g_.heads);
      const int64_t key_head = head / (g_.heads / g_.key_heads), first = block * block_;
      const float* key = operands.in(1) + (image * g_.key.image + key_head * g_.key.head);
      const float* value = operands.in(2) + (image * g_.value.image + key_head * g_.value.head);
      isa::AttentionCall call{};
      call.query = operands.in(0) + (image * g_.query.image + head * g_.query.head + first * g_.query.token);
      call.output =
          operands.out(0) + (image * g_.output.image + head * g_.output.head + first * g_.output.token);
      call.query_pitch = g_.query.token, call.output_pitch = g_.output.token;
      call.queries = std::min(block_, g_.queries - first);
      call.packed_keys = g_.keys, call.key_count = count;
      call.head_size = g_.head_size, call.value_size = g_.value_size;
      call.causal_keys = g_.causal ? first + causal_offset + 1 : count;
      call.scale = g_.scale;
      call.mask_query = g_.mask_query, call.mask_key = g_.mask_key;
      call.scratch = scores;
      const int64_t at = image * g_.mask_image + head * g_.mask_head + first * g_.mask_query;
      if (g_.mask == MaskKind::added) call.mask = operands.in(3) + at;
      if (g_.mask == MaskKind::allowed) call.allowed = static_cast<const uint8_t*>(operands.inputs[3]) + at;
      if (!packs_) {
        call.keys = key, call.values = value;
        kernels.decode({.head = call, .key_pitch = g_.key.token, .value_pitch = g_.value.token});
        continue;
      }
      if (packed != image * g_.key_heads + key_head) {
        packed = image * g_.key_heads + key_head;
        kernels.pack_keys(key, g_.key.token, count, g_.head_size, keys);
        kernels.pack_values(value, g_.value.token, count, g_.keys, g_.value_size, values);
      }
      call.keys = keys, call.values = values;
      kernels.attention(call);
    }
  }

  std::string algorithm() const override {
    return std::string(packs_ ? "attention, packed " : "attention, in place ") + kernels_.name;
  }
  double flops() const override {
    return 2.0 * static_cast<double>(g_.images * g_.heads * g_.queries) *
           static_cast<double>(g_.keys * (g_.head_size + g_.value_size)) *
           (g_.causal && g_.queries > 1 ? 0.5 : 1.0);
  }
  double bytes() const override {
    return 4.0 * static_cast<double>(g_.images * (g_.head_size + g_.value_size)) *
           static_cast<double>(g_.heads * g_.queries + g_.key_heads * g_.keys);
  }

 private:
  int64_t panels(int64_t n) const { return (n + kernels_.tokens->panel - 1) / kernels_.tokens->panel; }
  int64_t score_floats() const {
    const int64_t row = panels(g_.keys) * kernels_.tokens->panel;
    return packs_ ? row * kernels_.tokens->query_rows(g_.keys) : row;
  }
  int64_t key_floats() const { return packs_ ? panels(g_.keys) * kernels_.tokens->panel * g_.head_size : 0; }
  int64_t value_floats() const {
    return packs_ ? panels(g_.value_size) * kernels_.tokens->panel * g_.keys : 0;
  }

  AttentionGeometry g_;
  const isa::Kernels& kernels_;
  bool packs_ = false;
  int64_t block_ = 1, blocks_ = 1;
  Split split_;
};

}  // namespace

std::unique_ptr<Operator> make_attention(const AttentionGeometry& geometry, const isa::Kernels& kernels) {
  return std::make_unique<Attention>(geometry, kernels);
}

}  // namespace sconce::engine
