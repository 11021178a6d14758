#include <sconce/nn/embedding.h>
#include <sconce/ops.h>

#include "parameters.h"

namespace sconce::nn {

Embedding::Embedding(int64_t count, int64_t width, const EmbeddingOptions& o)
    : num_embeddings(count),
      embedding_dim(width),
      padding_idx(o.padding_idx),
      weight(zero_parameter({count, width}, o.dtype)) {
  if (!padding_idx) return;
  check(*padding_idx >= -count && *padding_idx < count, "Padding_idx must be within num_embeddings");
  if (*padding_idx < 0) *padding_idx += count;
}

Tensor Embedding::forward(const Tensor& x) const { return embedding(weight, x, padding_idx.value_or(-1)); }

void Embedding::members(Walk& w) { w("weight", weight); }

std::string Embedding::extra_repr() const {
  return concat(num_embeddings, ", ", embedding_dim,
                padding_idx ? concat(", padding_idx=", *padding_idx) : std::string());
}

}  // namespace sconce::nn
