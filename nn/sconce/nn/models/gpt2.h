// GPT-2, keyed and printed as transformers'.
#pragma once
#include <sconce/nn/embedding.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/sequential.h>

#include <optional>
#include <vector>

namespace sconce::nn {

// The fields of transformers.GPT2Config that change what is computed; the defaults are gpt2's (124M).
struct GPT2Config {
  int64_t vocab_size = 50257, n_positions = 1024, n_embd = 768, n_layer = 12, n_head = 12;
  double layer_norm_epsilon = 1e-5;
};

// Keys and values of the tokens seen so far: a value, cheap to copy; steps return a new one.
struct KeyValueCache {
  std::vector<Tensor> keys, values;  // of each layer [N, n_head, T, n_embd / n_head]
  // T; 0 for a fresh one.
  int64_t length() const { return keys.empty() ? 0 : keys[0].size(2); }
};

// Keys and values of a fixed capacity, of which only the first ones are in use: for a plan that serves every step.
struct FixedCache {
  std::vector<Tensor> keys, values;  // of each layer [N, n_head, capacity, n_embd / n_head]
};

struct GPT2FixedStep {
  Tensor logits;     // [N, T, vocab_size]
  FixedCache cache;  // with these tokens at their positions
};

struct GPT2Step {
  Tensor logits;        // [N, T, vocab_size]
  KeyValueCache cache;  // the past with these tokens behind it
};

// x @ weight + bias with the weight as [in, out], as transformers.pytorch_utils.Conv1D.
class Conv1D : public Module {
 public:
  Conv1D(int64_t out, int64_t in);
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t nf, nx;
  Tensor weight, bias;  // [nx, nf], [nf]
};

// transformers.GPT2Model: the network without the head.
class GPT2Model : public Module {
 public:
  explicit GPT2Model(const GPT2Config& config = {});
  // The last hidden state, [N, T, n_embd], of tokens [N, T], i64.
  Tensor forward(const Tensor& input_ids) const override { return extend(input_ids, nullptr); }
  // The same for tokens that follow those of `cache`, which takes them in. Null: no cache.
  Tensor extend(const Tensor& input_ids, KeyValueCache* cache) const;
  // The same for tokens at `positions`, [T], i64: each sees the places of the cache up to its own position.
  Tensor extend_at(const Tensor& input_ids, const Tensor& positions, FixedCache& cache) const;
  void members(Walk& w) override;

  GPT2Config config;
  Embedding wte, wpe;

 private:
  std::unique_ptr<Module> drop_;
  ModuleList h_;
  LayerNorm ln_f_;
};

// transformers.GPT2LMHeadModel: tokens [N, T], i64, at most n_positions -> logits [N, T, vocab_size]. lm_head.weight and
// transformer.wte.weight are one tensor.
class GPT2LMHeadModel : public Module {
 public:
  explicit GPT2LMHeadModel(const GPT2Config& config = {});
  Tensor forward(const Tensor& input_ids) const override { return lm_head(transformer(input_ids)); }
  // Logits of tokens that follow those of `past`. Throws ErrorKind::invalid_argument when past and tokens together are
  // more than n_positions.
  GPT2Step step(const Tensor& input_ids, const KeyValueCache& past = {}) const;
  // The same with a cache of fixed capacity: tokens [N, T] at `positions`, [T], i64, of which all before have been given
  // already. No shape depends on the position, so that one recording serves every step:
  //   prepare([&](const std::vector<Tensor>& in) { ... gpt2.step_at(in[0], in[1], cache of in[2...]) ... }, ...)
  GPT2FixedStep step_at(const Tensor& input_ids, const Tensor& positions, const FixedCache& cache) const;
  // A cache of zeros for `batch` rows of at most `capacity` tokens.
  FixedCache fixed_cache(int64_t batch, int64_t capacity) const;
  // `max_new_tokens` times the likeliest next token behind input_ids [N, T]: [N, T + new], as transformers'
  // generate(do_sample=False) without padding; ends early when every row has produced `eos_token_id`, after which a row
  // is filled with it.
  Tensor generate(const Tensor& input_ids, int64_t max_new_tokens,
                  std::optional<int64_t> eos_token_id = {}) const;
  void members(Walk& w) override;

  GPT2Model transformer;
  Linear lm_head;
};

}  // namespace sconce::nn
