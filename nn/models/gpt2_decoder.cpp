#include <sconce/nn/models/gpt2_decoder.h>
#include <sconce/ops.h>

#include <algorithm>

#include "scope.h"

namespace sconce::nn {
namespace {

std::vector<Tensor> joined(const Tensor& first, const FixedCache& cache) {
  std::vector<Tensor> all{first};
  all.insert(all.end(), cache.keys.begin(), cache.keys.end());
  all.insert(all.end(), cache.values.begin(), cache.values.end());
  return all;
}

}  // namespace

GPT2Decoder::GPT2Decoder(const GPT2LMHeadModel& model, int64_t batch, int64_t capacity,
                         const PrepareOptions& options)
    : model_(&model), batch_(batch), capacity_(capacity) {
  const FixedCache cache = model.fixed_cache(batch, capacity);
  const auto layers = static_cast<ptrdiff_t>(cache.keys.size());
  inputs_ = joined(zeros({1}, DType::i64), cache);
  inputs_.insert(inputs_.begin(), zeros({batch, 1}, DType::i64));
  plan_ = prepare(
      [&model, layers](const std::vector<Tensor>& in) {
        const auto keys = in.begin() + 2, values = keys + layers;
        const GPT2FixedStep step = model.step_at(in[0], in[1], {{keys, values}, {values, in.end()}});
        return joined(step.logits, step.cache);
      },
      inputs_, options);
  outputs_ =
      joined(zeros({batch, 1, model.transformer.config.vocab_size}, model.lm_head.weight.dtype()), cache);
  logits_ = outputs_[0].select(1, 0);
}

const Tensor& GPT2Decoder::step(const Tensor& ids) {
  check(ids.dim() == 2 && ids.size(0) == batch_ && ids.size(1) > 0,
        "[GPT2Decoder] expected tokens of shape [", batch_, ", T], got ", ids.shape());
  check(length_ + ids.size(1) <= capacity_, "[GPT2Decoder] expected at most ", capacity_, " tokens, got ",
        length_ + ids.size(1));
  if (ids.size(1) > 1) {
    logits_.copy_(take_in(ids));
  } else {
    inputs_[0].copy_(ids);
    inputs_[1].mutable_data<int64_t>()[0] = length_;
    plan_.run(inputs_, outputs_);
  }
  length_ += ids.size(1);
  return logits_;
}

Tensor GPT2Decoder::take_in(const Tensor& ids) {
  const size_t layers = (inputs_.size() - 2) / 2;
  const int64_t end = length_ + ids.size(1);
  KeyValueCache cache;
  if (length_ > 0)
    for (size_t i = 0; i < layers; ++i) {
      cache.keys.push_back(inputs_[2 + i].slice(2, 0, length_));
      cache.values.push_back(inputs_[2 + layers + i].slice(2, 0, length_));
    }
  const Tensor x = model_->transformer.extend(ids, &cache);
  for (size_t i = 0; i < layers; ++i) {
    inputs_[2 + i].slice(2, length_, end).copy_(cache.keys[i].slice(2, length_, end));
    inputs_[2 + layers + i].slice(2, length_, end).copy_(cache.values[i].slice(2, length_, end));
  }
  return model_->lm_head(x.select(1, x.size(1) - 1));
}

Tensor GPT2Decoder::generate(const Tensor& ids, int64_t max_new_tokens, std::optional<int64_t> eos_token_id) {
  check(max_new_tokens >= 0, "[generate] expected max_new_tokens of at least 0, got ", max_new_tokens);
  clear();
  std::vector<Tensor> parts{ids.to(DType::i64)};
  std::vector<bool> ended(static_cast<size_t>(batch_), false);
  for (int64_t i = 0; i < max_new_tokens; ++i) {
    Tensor next = argmax(step(parts.back()), -1, true);
    if (eos_token_id) {
      int64_t* tokens = next.mutable_data<int64_t>();
      for (size_t row = 0; row < ended.size(); ++row) {
        if (ended[row]) tokens[row] = *eos_token_id;
        ended[row] = tokens[row] == *eos_token_id;
      }
    }
    parts.push_back(next);
    if (eos_token_id && std::all_of(ended.begin(), ended.end(), [](bool b) { return b; })) break;
  }
  return cat(parts, 1);
}

}  // namespace sconce::nn
