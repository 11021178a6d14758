#include <sconce/nn/activation.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/models/bert.h>
#include <sconce/ops.h>

#include "heads.h"
#include "scope.h"

namespace sconce::nn {
namespace {

class BertEmbeddings : public Module {
 public:
  explicit BertEmbeddings(const BertConfig& c)
      : word_embeddings(c.vocab_size, c.hidden_size, {.padding_idx = 0}),
        position_embeddings(c.max_position_embeddings, c.hidden_size),
        token_type_embeddings(c.type_vocab_size, c.hidden_size),
        norm(c.hidden_size, {.eps = c.layer_norm_eps}),
        dropout(0.1) {}
  // Positions and absent types are constants while a graph is recorded.
  Tensor embed(const Tensor& ids, const Tensor& types) const {
    const CallScope scope(*this);
    check(ids.dim() == 2, "[BertModel] expected tokens of shape [N, T], got ", ids.shape());
    check(ids.size(1) <= position_embeddings.num_embeddings, "[BertModel] expected at most ",
          position_embeddings.num_embeddings, " tokens, got ", ids.size(1));
    const Device device = word_embeddings.weight.device();
    const Tensor words = word_embeddings(ids);
    const Tensor type =
        token_type_embeddings(types.defined() ? types : zeros({ids.size(1)}, DType::i64, device));
    const Tensor position = position_embeddings(arange(ids.size(1)).to(device));
    return norm(add(add(words, type), position));
  }
  void members(Walk& w) override {
    w("word_embeddings", word_embeddings);
    w("position_embeddings", position_embeddings);
    w("token_type_embeddings", token_type_embeddings);
    w("LayerNorm", norm);
    w("dropout", dropout);
  }

  Embedding word_embeddings, position_embeddings, token_type_embeddings;
  LayerNorm norm;
  Dropout dropout;
};

class BertSelfAttention : public Module {
 public:
  explicit BertSelfAttention(const BertConfig& c)
      : query(c.hidden_size, c.hidden_size),
        key(c.hidden_size, c.hidden_size),
        value(c.hidden_size, c.hidden_size),
        dropout(0.1),
        heads(c.num_attention_heads) {}
  Tensor attend(const Tensor& x, const Tensor& mask) const {
    const CallScope scope(*this);
    const Tensor q = split_heads(query(x), heads), k = split_heads(key(x), heads),
                 v = split_heads(value(x), heads);
    return merge_heads(scaled_dot_product_attention(q, k, v, {.attn_mask = mask}));
  }
  void members(Walk& w) override {
    w("query", query);
    w("key", key);
    w("value", value);
    w("dropout", dropout);
  }

  Linear query, key, value;
  Dropout dropout;
  int64_t heads;
};

// A product, added to what was before and normed: BertSelfOutput and BertOutput of transformers.
class AddAndNorm : public Module {
 public:
  AddAndNorm(const char* name, int64_t in, const BertConfig& c)
      : dense(in, c.hidden_size), norm(c.hidden_size, {.eps = c.layer_norm_eps}), dropout(0.1), name_(name) {}
  Tensor join(const Tensor& x, const Tensor& before) const {
    const CallScope scope(*this);
    return norm(add(dense(x), before));
  }
  void members(Walk& w) override {
    w("dense", dense);
    w("LayerNorm", norm);
    w("dropout", dropout);
  }
  std::string class_name() const override { return name_; }

  Linear dense;
  LayerNorm norm;
  Dropout dropout;

 private:
  const char* name_;
};

class BertAttention : public Module {
 public:
  explicit BertAttention(const BertConfig& c) : self(c), output("BertSelfOutput", c.hidden_size, c) {}
  void members(Walk& w) override {
    w("self", self);
    w("output", output);
  }

  BertSelfAttention self;
  AddAndNorm output;
};

class GELUActivation : public GELU {
 public:
  std::string extra_repr() const override { return ""; }
};

class BertIntermediate : public Module {
 public:
  explicit BertIntermediate(const BertConfig& c) : dense(c.hidden_size, c.intermediate_size) {}
  Tensor forward(const Tensor& x) const override { return activation(dense(x)); }
  void members(Walk& w) override {
    w("dense", dense);
    w("intermediate_act_fn", activation);
  }

  Linear dense;
  GELUActivation activation;
};

class BertLayer : public Module {
 public:
  explicit BertLayer(const BertConfig& c)
      : attention(c), intermediate(c), output("BertOutput", c.intermediate_size, c) {}
  Tensor encode(const Tensor& x, const Tensor& mask) const {
    const Tensor y = attention.output.join(attention.self.attend(x, mask), x);
    return output.join(intermediate(y), y);
  }
  void members(Walk& w) override {
    w("attention", attention);
    w("intermediate", intermediate);
    w("output", output);
  }

  BertAttention attention;
  BertIntermediate intermediate;
  AddAndNorm output;
};

class BertEncoder : public Module {
 public:
  explicit BertEncoder(const BertConfig& c) {
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) layer.push_back(BertLayer(c));
  }
  Tensor encode(Tensor x, const Tensor& mask) const {
    for (size_t i = 0; i < layer.size(); ++i) x = layer.get<BertLayer>(i).encode(x, mask);
    return x;
  }
  void members(Walk& w) override { w("layer", layer); }

  ModuleList layer;
};

class BertPooler : public Module {
 public:
  explicit BertPooler(const BertConfig& c) : dense(c.hidden_size, c.hidden_size) {}
  // What the first token became.
  Tensor forward(const Tensor& x) const override { return activation(dense(x.select(1, 0))); }
  void members(Walk& w) override {
    w("dense", dense);
    w("activation", activation);
  }

  Linear dense;
  Tanh activation;
};

// As scaled_dot_product_attention takes it: [N, 1, 1, T].
Tensor wide_mask(const Tensor& mask) {
  if (!mask.defined()) return mask;
  const Tensor rows = is_floating_point(mask.dtype()) || mask.dtype() == DType::boolean ? mask : ne(mask, 0);
  return rows.dim() == 2 ? rows.unsqueeze(1).unsqueeze(1) : rows;
}

}  // namespace

BertModel::BertModel(const BertConfig& c)
    : config(c),
      embeddings_(std::make_unique<BertEmbeddings>(c)),
      encoder_(std::make_unique<BertEncoder>(c)),
      pooler_(std::make_unique<BertPooler>(c)) {
  check(c.num_attention_heads > 0 && c.hidden_size % c.num_attention_heads == 0, "The hidden size (",
        c.hidden_size, ") is not a multiple of the number of attention heads (", c.num_attention_heads, ")");
}

Tensor BertModel::hidden(const Tensor& ids, const BertInputs& inputs) const {
  const Tensor x = static_cast<const BertEmbeddings&>(*embeddings_).embed(ids, inputs.token_type_ids);
  return static_cast<const BertEncoder&>(*encoder_).encode(x, wide_mask(inputs.attention_mask));
}

Tensor BertModel::forward(const Tensor& ids) const { return hidden(ids, {}); }

BertOutput BertModel::run(const Tensor& ids, const BertInputs& inputs) const {
  const CallScope scope(*this);
  const Tensor last = hidden(ids, inputs);
  return {last, (*pooler_)(last)};
}

void BertModel::members(Walk& w) {
  w("embeddings", embeddings_);
  w("encoder", encoder_);
  w("pooler", pooler_);
}

}  // namespace sconce::nn
