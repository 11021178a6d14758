// Multi-head attention and the encoder made of it.
#pragma once
#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/sequential.h>

#include <optional>
#include <string>

namespace sconce::nn {

struct MultiheadAttentionOptions {
  bool bias = true;
  std::optional<int64_t> kdim = {}, vdim = {};  // widths of key and value where they differ from embed_dim
  bool batch_first = false;                     // [N, T, E] and not [T, N, E]
  DType dtype = DType::f32;
};

// What MultiheadAttention may not look at, as the arguments of its forward() in PyTorch. Boolean masks are true where
// nothing is to be seen (the opposite of scaled_dot_product_attention's), others are added to the scores.
struct AttentionMasks {
  Tensor attn_mask = {};         // [L, S] or [N * num_heads, L, S]
  Tensor key_padding_mask = {};  // [N, S], boolean
  bool is_causal = false;        // place i sees the places 0..i; excludes attn_mask
};

// A Linear under the name that PyTorch prints for MultiheadAttention's out_proj.
class NonDynamicallyQuantizableLinear : public Linear {
 public:
  using Linear::Linear;
};

// torch.nn.MultiheadAttention, keys and results; without add_bias_kv, add_zero_attn and the attention weights.
// Throws ErrorKind::invalid_argument unless num_heads divides embed_dim.
class MultiheadAttention : public Module {
 public:
  MultiheadAttention(int64_t embed_dim, int64_t num_heads, const MultiheadAttentionOptions& options = {});
  // Attention of x to itself.
  Tensor forward(const Tensor& x) const override { return attend(x, x, x); }
  // query [L, N, E], key [S, N, kdim], value [S, N, vdim], or batch first, or without N -> as query.
  Tensor attend(const Tensor& query, const Tensor& key, const Tensor& value,
                const AttentionMasks& masks = {}) const;
  void members(Walk& w) override;

  int64_t embed_dim, num_heads;
  bool batch_first;
  Tensor in_proj_weight;  // [3 * embed_dim, embed_dim], or undefined when the widths differ: then
  Tensor q_proj_weight, k_proj_weight, v_proj_weight;  // [embed_dim, embed_dim | kdim | vdim]
  Tensor in_proj_bias;                                 // [3 * embed_dim], or undefined
  NonDynamicallyQuantizableLinear out_proj;
};

struct TransformerEncoderLayerOptions {
  int64_t dim_feedforward = 2048;
  double dropout = 0.1;             // only printed
  std::string activation = "relu";  // or "gelu"
  double layer_norm_eps = 1e-5;
  bool batch_first = false;
  bool norm_first = false;
  bool bias = true;
  DType dtype = DType::f32;
};

// torch.nn.TransformerEncoderLayer: [T, N, E], or batch first, or [T, E] -> the same shape.
class TransformerEncoderLayer : public Module {
 public:
  TransformerEncoderLayer(int64_t d_model, int64_t nhead, const TransformerEncoderLayerOptions& options = {});
  Tensor forward(const Tensor& x) const override { return encode(x); }
  // The same with masks: src_mask, src_key_padding_mask and is_causal.
  Tensor encode(const Tensor& x, const AttentionMasks& masks = {}) const;
  void members(Walk& w) override;

  MultiheadAttention self_attn;
  Linear linear1;
  Dropout dropout;
  Linear linear2;
  LayerNorm norm1, norm2;
  Dropout dropout1, dropout2;
  std::string activation;
  bool norm_first;
};

// torch.nn.TransformerEncoder: num_layers such layers, and a LayerNorm at the end if `final_norm`.
class TransformerEncoder : public Module {
 public:
  TransformerEncoder(int64_t d_model, int64_t nhead, int64_t num_layers,
                     const TransformerEncoderLayerOptions& options = {}, bool final_norm = false);
  Tensor forward(const Tensor& x) const override { return encode(x); }
  Tensor encode(const Tensor& x, const AttentionMasks& masks = {}) const;
  void members(Walk& w) override;

  ModuleList layers;
  std::optional<LayerNorm> norm;
};

}  // namespace sconce::nn
