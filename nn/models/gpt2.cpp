#include <sconce/nn/activation.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/models/gpt2.h>
#include <sconce/ops.h>

#include <algorithm>

#include "heads.h"
#include "parameters.h"
#include "scope.h"

namespace sconce::nn {
namespace {

// What one layer's attention sees beside the tokens of the call.
struct Past {
  Tensor* keys = nullptr;  // of the tokens before; they take in the new ones. Null: there are none
  Tensor* values = nullptr;
  Tensor positions;  // of the new tokens in keys and values of fixed capacity; undefined: they grow
  Tensor mask;       // true where a token may look, [T, all]; undefined: everywhere, or by is_causal
  bool is_causal = false;

  // Puts key and value, [N, heads, T, width], behind those of the past, and gives all of them.
  void join(Tensor& key, Tensor& value) const {
    if (!keys) return;
    if (positions.defined())
      key = index_copy(*keys, 2, positions, key), value = index_copy(*values, 2, positions, value);
    else if (keys->defined() && keys->size(2) > 0)
      key = cat({*keys, key}, 2), value = cat({*values, value}, 2);
    *keys = key, *values = value;
  }
};

// Row i true up to column i + diagonal.
Tensor lower_triangle(int64_t rows, int64_t columns, int64_t diagonal) {
  Tensor out = empty({rows, columns}, DType::boolean);
  bool* to = out.mutable_data<bool>();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) *to++ = j <= i + diagonal;
  return out;
}

class GPT2Attention : public Module {
 public:
  explicit GPT2Attention(const GPT2Config& c)
      : c_attn(3 * c.n_embd, c.n_embd),
        c_proj(c.n_embd, c.n_embd),
        attn_dropout(0.1),
        resid_dropout(0.1),
        heads(c.n_head) {}
  Tensor attend(const Tensor& x, const Past& past) const {
    const CallScope scope(*this);
    const auto qkv = split(c_attn(x), x.size(2), 2);
    const Tensor query = split_heads(qkv[0], heads);
    Tensor key = split_heads(qkv[1], heads), value = split_heads(qkv[2], heads);
    past.join(key, value);
    const AttentionOptions options{.attn_mask = past.mask, .is_causal = past.is_causal};
    return c_proj(merge_heads(scaled_dot_product_attention(query, key, value, options)));
  }
  void members(Walk& w) override {
    w("c_attn", c_attn);
    w("c_proj", c_proj);
    w("attn_dropout", attn_dropout);
    w("resid_dropout", resid_dropout);
  }

  Conv1D c_attn, c_proj;
  Dropout attn_dropout, resid_dropout;
  int64_t heads;
};

class NewGELUActivation : public GELU {
 public:
  NewGELUActivation() : GELU("tanh") {}
  std::string extra_repr() const override { return ""; }
};

class GPT2MLP : public Module {
 public:
  explicit GPT2MLP(const GPT2Config& c)
      : c_fc(4 * c.n_embd, c.n_embd), c_proj(c.n_embd, 4 * c.n_embd), dropout(0.1) {}
  Tensor forward(const Tensor& x) const override { return dropout(c_proj(act(c_fc(x)))); }
  void members(Walk& w) override {
    w("c_fc", c_fc);
    w("c_proj", c_proj);
    w("act", act);
    w("dropout", dropout);
  }

  Conv1D c_fc, c_proj;
  NewGELUActivation act;
  Dropout dropout;
};

class GPT2Block : public Module {
 public:
  explicit GPT2Block(const GPT2Config& c)
      : ln_1(c.n_embd, {.eps = c.layer_norm_epsilon}),
        attn(c),
        ln_2(c.n_embd, {.eps = c.layer_norm_epsilon}),
        mlp(c) {}
  Tensor extend(const Tensor& x, const Past& past) const {
    const CallScope scope(*this);
    const Tensor y = add(attn.attend(ln_1(x), past), x);
    return add(y, mlp(ln_2(y)));
  }
  void members(Walk& w) override {
    w("ln_1", ln_1);
    w("attn", attn);
    w("ln_2", ln_2);
    w("mlp", mlp);
  }

  LayerNorm ln_1;
  GPT2Attention attn;
  LayerNorm ln_2;
  GPT2MLP mlp;
};

}  // namespace

Conv1D::Conv1D(int64_t out, int64_t in)
    : nf(out),
      nx(in),
      weight(zero_parameter({in, out}, DType::f32)),
      bias(zero_parameter({out}, DType::f32)) {}

Tensor Conv1D::forward(const Tensor& x) const {
  std::vector<int64_t> shape = x.shape().extents();
  shape.back() = nf;
  return addmm(bias, x.reshape({-1, nx}), weight).view(shape);
}

void Conv1D::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string Conv1D::extra_repr() const { return concat("nf=", nf, ", nx=", nx); }

GPT2Model::GPT2Model(const GPT2Config& c)
    : config(c),
      wte(c.vocab_size, c.n_embd),
      wpe(c.n_positions, c.n_embd),
      drop_(std::make_unique<Dropout>(0.1)),
      ln_f_(c.n_embd, {.eps = c.layer_norm_epsilon}) {
  check(c.n_head > 0 && c.n_embd % c.n_head == 0,
        "`embed_dim` must be divisible by num_heads (got `embed_dim`: ", c.n_embd,
        " and `num_heads`: ", c.n_head, ").");
  for (int64_t i = 0; i < c.n_layer; ++i) h_.push_back(GPT2Block(c));
}

namespace {

void check_cache(size_t layers, size_t keys, size_t values) {
  check(keys == layers && values == layers, "[GPT2Model] expected a cache of ", layers,
        " layers, got keys of ", keys, " and values of ", values);
}

}  // namespace

Tensor GPT2Model::extend(const Tensor& ids, KeyValueCache* cache) const {
  check(ids.dim() == 2, "[GPT2Model] expected tokens of shape [N, T], got ", ids.shape());
  const int64_t before = cache ? cache->length() : 0, now = ids.size(1), end = before + now;
  check(end <= config.n_positions, "[GPT2Model] expected at most ", config.n_positions, " tokens, got ", end);
  if (cache && cache->keys.empty()) cache->keys.resize(h_.size()), cache->values.resize(h_.size());
  if (cache) check_cache(h_.size(), cache->keys.size(), cache->values.size());
  const Device device = wpe.weight.device();
  Past past;
  past.is_causal = before == 0 && now > 1;  // a single token sees everything
  if (before > 0 && now > 1) past.mask = lower_triangle(now, end, before).to(device);
  const Tensor tokens = wte(ids);
  Tensor x = add(tokens, wpe(arange(before, end).to(device)));
  for (size_t i = 0; i < h_.size(); ++i) {
    if (cache) past.keys = &cache->keys[i], past.values = &cache->values[i];
    x = h_.get<GPT2Block>(i).extend(x, past);
  }
  return ln_f_(x);
}

Tensor GPT2Model::extend_at(const Tensor& ids, const Tensor& positions, FixedCache& cache) const {
  check(ids.dim() == 2, "[GPT2Model] expected tokens of shape [N, T], got ", ids.shape());
  check(positions.dim() == 1 && positions.size(0) == ids.size(1), "[GPT2Model] expected ", ids.size(1),
        " positions, got ", positions.shape());
  check_cache(h_.size(), cache.keys.size(), cache.values.size());
  const int64_t capacity = cache.keys[0].size(2);
  Past past;
  past.positions = positions;
  past.mask = le(arange(capacity).to(wpe.weight.device()), positions.unsqueeze(1));
  const Tensor tokens = wte(ids);
  Tensor x = add(tokens, wpe(positions));
  for (size_t i = 0; i < h_.size(); ++i) {
    past.keys = &cache.keys[i], past.values = &cache.values[i];
    x = h_.get<GPT2Block>(i).extend(x, past);
  }
  return ln_f_(x);
}

void GPT2Model::members(Walk& w) {
  w("wte", wte);
  w("wpe", wpe);
  w("drop", drop_);
  w("h", h_);
  w("ln_f", ln_f_);
}

GPT2LMHeadModel::GPT2LMHeadModel(const GPT2Config& c)
    : transformer(c), lm_head(c.n_embd, c.vocab_size, {.bias = false}) {
  lm_head.weight = transformer.wte.weight;
}

GPT2Step GPT2LMHeadModel::step(const Tensor& ids, const KeyValueCache& past) const {
  const CallScope scope(*this);
  GPT2Step out{{}, past};
  out.logits = lm_head(transformer.extend(ids, &out.cache));
  return out;
}

GPT2FixedStep GPT2LMHeadModel::step_at(const Tensor& ids, const Tensor& positions,
                                       const FixedCache& cache) const {
  const CallScope scope(*this);
  GPT2FixedStep out{{}, cache};
  out.logits = lm_head(transformer.extend_at(ids, positions, out.cache));
  return out;
}

FixedCache GPT2LMHeadModel::fixed_cache(int64_t batch, int64_t capacity) const {
  const GPT2Config& c = transformer.config;
  check(batch > 0 && capacity > 0 && capacity <= c.n_positions,
        "[GPT2LMHeadModel] expected a batch and 1 to ", c.n_positions, " tokens, got ", batch, " and ",
        capacity);
  FixedCache cache;
  for (int64_t i = 0; i < c.n_layer; ++i)
    for (auto* tensors : {&cache.keys, &cache.values})
      tensors->push_back(zeros({batch, c.n_head, capacity, c.n_embd / c.n_head}, lm_head.weight.dtype(),
                               lm_head.weight.device()));
  return cache;
}

Tensor GPT2LMHeadModel::generate(const Tensor& ids, int64_t max_new_tokens,
                                 std::optional<int64_t> eos_token_id) const {
  check(ids.dim() == 2 && ids.size(1) > 0, "[generate] expected tokens of shape [N, T], got ", ids.shape());
  check(max_new_tokens >= 0, "[generate] expected max_new_tokens of at least 0, got ", max_new_tokens);
  std::vector<Tensor> parts{ids.to(DType::i64)};
  std::vector<bool> ended(static_cast<size_t>(ids.size(0)), false);
  KeyValueCache cache;
  for (int64_t i = 0; i < max_new_tokens; ++i) {
    const Tensor x = transformer.extend(parts.back(), &cache);
    Tensor next = argmax(lm_head(x.select(1, x.size(1) - 1)), -1, true);
    if (eos_token_id) {
      next = next.to(cpu);
      int64_t* tokens = next.mutable_data<int64_t>();
      for (size_t row = 0; row < ended.size(); ++row) {
        if (ended[row]) tokens[row] = *eos_token_id;
        ended[row] = tokens[row] == *eos_token_id;
      }
      next = next.to(ids.device());
    }
    parts.push_back(next);
    if (eos_token_id && std::all_of(ended.begin(), ended.end(), [](bool b) { return b; })) break;
  }
  return cat(parts, 1);
}

void GPT2LMHeadModel::members(Walk& w) {
  w("transformer", transformer);
  w("lm_head", lm_head);
}

}  // namespace sconce::nn
