// GPT-2 writing token after token by a plan.
#pragma once
#include <sconce/nn/models/gpt2.h>
#include <sconce/prepare.h>

namespace sconce::nn {

// One step of GPT2LMHeadModel::step_at, prepared once, with a cache of fixed capacity that each step writes its row into. Several tokens at
// once, as a prompt is, go through the module itself, op by op and with its own weights. One thread at a time; the model must outlive it.
//   nn::GPT2Decoder decoder(model, 1, 1024, {.precision = Precision::int8});
//   const Tensor text = decoder.generate(prompt, 100);
class GPT2Decoder {
 public:
  // For `batch` rows of at most `capacity` tokens. Throws ErrorKind::invalid_argument when the model has not so many positions.
  GPT2Decoder(const GPT2LMHeadModel& model, int64_t batch, int64_t capacity,
              const PrepareOptions& options = {});

  // The logits behind the last of tokens [batch, T], i64, which follow those that it has taken in before: [batch, vocab_size]. The tensor is
  // overwritten by the next step. Throws ErrorKind::invalid_argument when capacity is passed.
  const Tensor& step(const Tensor& input_ids);
  // How many tokens it has taken in. Forgets them.
  int64_t length() const { return length_; }
  void clear() { length_ = 0; }
  // As GPT2LMHeadModel::generate, from an empty cache.
  Tensor generate(const Tensor& input_ids, int64_t max_new_tokens, std::optional<int64_t> eos_token_id = {});
  const Plan& plan() const { return plan_; }

 private:
  Tensor take_in(const Tensor& input_ids);

  const GPT2LMHeadModel* model_;
  int64_t batch_, capacity_, length_ = 0;
  Plan plan_;
  std::vector<Tensor> inputs_, outputs_;  // tokens, position, keys, values; logits, keys, values
  Tensor logits_;
};

}  // namespace sconce::nn
