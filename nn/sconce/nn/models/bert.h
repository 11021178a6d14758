// BERT, keyed and printed as transformers'.
#pragma once
#include <sconce/nn/embedding.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/sequential.h>

namespace sconce::nn {

// The fields of transformers.BertConfig that change what is computed; the defaults are bert-base-uncased's.
struct BertConfig {
  int64_t vocab_size = 30522, hidden_size = 768, num_hidden_layers = 12, num_attention_heads = 12;
  int64_t intermediate_size = 3072, max_position_embeddings = 512, type_vocab_size = 2;
  double layer_norm_eps = 1e-12;
};

// What the calls take beside the tokens, as BertModel.forward() in transformers.
struct BertInputs {
  Tensor attention_mask =
      {};  // [N, T]: 0 (or false) where a token is only padding; or added to the scores, when floating
  Tensor token_type_ids = {};  // [N, T] i64; by default zeros
};

struct BertOutput {
  Tensor last_hidden_state;  // [N, T, hidden_size]
  Tensor pooler_output;      // [N, hidden_size]
};

// transformers.BertModel with its pooler: tokens [N, T], i64.
class BertModel : public Module {
 public:
  explicit BertModel(const BertConfig& config = {});
  // The last hidden state, [N, T, hidden_size].
  Tensor forward(const Tensor& input_ids) const override;
  BertOutput run(const Tensor& input_ids, const BertInputs& inputs = {}) const;
  void members(Walk& w) override;

  BertConfig config;

 private:
  Tensor hidden(const Tensor& input_ids, const BertInputs& inputs) const;
  std::unique_ptr<Module> embeddings_, encoder_, pooler_;
};

}  // namespace sconce::nn
