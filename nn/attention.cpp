#include <sconce/nn/attention.h>
#include <sconce/ops.h>

#include <limits>

#include "heads.h"
#include "parameters.h"

namespace sconce::nn {
namespace {

// What is added to the scores: 0, and -inf where a boolean mask is true.
Tensor as_added(const Tensor& mask, DType dtype) {
  if (mask.dtype() != DType::boolean) return mask;
  return masked_fill(zeros(mask.shape(), dtype, mask.device() == meta ? cpu : mask.device()), mask,
                     -std::numeric_limits<double>::infinity());
}

// Both masks as one that broadcasts to [N, heads, L, S], or undefined.
Tensor joined_mask(const AttentionMasks& m, const Tensor& query, int64_t heads) {
  Tensor mask;
  if (m.attn_mask.defined()) {
    mask = as_added(m.attn_mask, query.dtype());
    if (mask.dim() == 3) mask = mask.view({mask.size(0) / heads, heads, mask.size(1), mask.size(2)});
  }
  if (!m.key_padding_mask.defined()) return mask;
  Tensor padding = as_added(m.key_padding_mask, query.dtype()).unsqueeze(-2).unsqueeze(-2);
  return mask.defined() ? add(mask, padding) : padding;
}

}  // namespace

MultiheadAttention::MultiheadAttention(int64_t width, int64_t heads, const MultiheadAttentionOptions& o)
    : embed_dim(width),
      num_heads(heads),
      batch_first(o.batch_first),
      out_proj(width, width, {.bias = o.bias, .dtype = o.dtype}) {
  check(width > 0 && heads > 0, "embed_dim and num_heads must be greater than 0, got embed_dim=", width,
        " and num_heads=", heads, " instead");
  check(width % heads == 0, "embed_dim must be divisible by num_heads");
  const int64_t k = o.kdim.value_or(width), v = o.vdim.value_or(width);
  if (k == width && v == width) {
    in_proj_weight = zero_parameter({3 * width, width}, o.dtype);
  } else {
    q_proj_weight = zero_parameter({width, width}, o.dtype);
    k_proj_weight = zero_parameter({width, k}, o.dtype);
    v_proj_weight = zero_parameter({width, v}, o.dtype);
  }
  if (o.bias) in_proj_bias = zero_parameter({3 * width}, o.dtype);
}

Tensor MultiheadAttention::attend(const Tensor& query, const Tensor& key, const Tensor& value,
                                  const AttentionMasks& masks) const {
  check(query.dim() == 2 || query.dim() == 3,
        "query should be unbatched 2D or batched 3D tensor but received ", query.dim(), "-D query tensor");
  const auto arranged = [&](const Tensor& t) {
    return t.dim() == 2 ? t.unsqueeze(0) : batch_first ? t : t.transpose(0, 1);
  };
  const bool self = query.is_same_view(key) && key.is_same_view(value);
  const int64_t width = embed_dim;
  const Tensor x = arranged(query);
  std::vector<Tensor> qkv;
  if (self && in_proj_weight.defined()) {
    qkv = split(linear(x, in_proj_weight, in_proj_bias), width, 2);
  } else {
    const Tensor sources[] = {x, arranged(key), arranged(value)};
    const Tensor* weights[] = {&q_proj_weight, &k_proj_weight, &v_proj_weight};
    for (int64_t i = 0; i < 3; ++i) {
      const auto part = [&](const Tensor& t) {
        return t.defined() ? t.slice(0, i * width, (i + 1) * width) : t;
      };
      const auto at = static_cast<size_t>(i);
      qkv.push_back(linear(sources[at], in_proj_weight.defined() ? part(in_proj_weight) : *weights[at],
                           part(in_proj_bias)));
    }
  }
  for (Tensor& part : qkv) part = split_heads(part, num_heads);
  const AttentionOptions options{.attn_mask = joined_mask(masks, x, num_heads), .is_causal = masks.is_causal};
  const Tensor seen = scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], options);
  const Tensor out = out_proj(merge_heads(seen));
  return query.dim() == 2 ? out.squeeze(0) : batch_first ? out : out.transpose(0, 1);
}

void MultiheadAttention::members(Walk& w) {
  w("in_proj_weight", in_proj_weight);
  w("q_proj_weight", q_proj_weight);
  w("k_proj_weight", k_proj_weight);
  w("v_proj_weight", v_proj_weight);
  w("in_proj_bias", in_proj_bias);
  w("out_proj", out_proj);
}

TransformerEncoderLayer::TransformerEncoderLayer(int64_t width, int64_t heads,
                                                 const TransformerEncoderLayerOptions& o)
    : self_attn(width, heads, {.bias = o.bias, .batch_first = o.batch_first, .dtype = o.dtype}),
      linear1(width, o.dim_feedforward, {.bias = o.bias, .dtype = o.dtype}),
      dropout(o.dropout),
      linear2(o.dim_feedforward, width, {.bias = o.bias, .dtype = o.dtype}),
      norm1(width, {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype}),
      norm2(width, {.eps = o.layer_norm_eps, .bias = o.bias, .dtype = o.dtype}),
      dropout1(o.dropout),
      dropout2(o.dropout),
      activation(o.activation),
      norm_first(o.norm_first) {
  check(activation == "relu" || activation == "gelu", "activation should be relu/gelu, not ", activation);
}

Tensor TransformerEncoderLayer::encode(const Tensor& x, const AttentionMasks& masks) const {
  const auto attention = [&](const Tensor& t) { return self_attn.attend(t, t, t, masks); };
  const auto feed_forward = [&](const Tensor& t) {
    const Tensor wide = linear1(t);
    return linear2(activation == "relu" ? relu(wide) : gelu(wide));
  };
  if (norm_first) {
    const Tensor y = add(x, attention(norm1(x)));
    return add(y, feed_forward(norm2(y)));
  }
  const Tensor y = norm1(add(x, attention(x)));
  return norm2(add(y, feed_forward(y)));
}

void TransformerEncoderLayer::members(Walk& w) {
  w("self_attn", self_attn);
  w("linear1", linear1);
  w("dropout", dropout);
  w("linear2", linear2);
  w("norm1", norm1);
  w("norm2", norm2);
  w("dropout1", dropout1);
  w("dropout2", dropout2);
}

TransformerEncoder::TransformerEncoder(int64_t width, int64_t heads, int64_t num_layers,
                                       const TransformerEncoderLayerOptions& o, bool final_norm) {
  for (int64_t i = 0; i < num_layers; ++i) layers.push_back(TransformerEncoderLayer(width, heads, o));
  if (final_norm) norm.emplace(width, LayerNormOptions{.eps = o.layer_norm_eps, .dtype = o.dtype});
}

Tensor TransformerEncoder::encode(const Tensor& x, const AttentionMasks& masks) const {
  Tensor y = x;
  for (size_t i = 0; i < layers.size(); ++i) y = layers.get<TransformerEncoderLayer>(i).encode(y, masks);
  return norm ? (*norm)(y) : y;
}

void TransformerEncoder::members(Walk& w) {
  w("layers", layers);
  w("norm", norm);
}

}  // namespace sconce::nn
