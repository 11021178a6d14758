// Rows looked up by number.
#pragma once
#include <sconce/nn/module.h>

#include <optional>

namespace sconce::nn {

struct EmbeddingOptions {
  std::optional<int64_t> padding_idx = {};  // counts only in training; printed
  DType dtype = DType::f32;
};

// As torch.nn.Embedding: i64 or i32 of any shape -> [..., embedding_dim]. Throws ErrorKind::invalid_argument on an index
// outside of 0 .. num_embeddings - 1.
class Embedding : public Module {
 public:
  Embedding(int64_t num_embeddings, int64_t embedding_dim, const EmbeddingOptions& options = {});
  Tensor forward(const Tensor& x) const override;
  void members(Walk& w) override;
  std::string extra_repr() const override;

  int64_t num_embeddings, embedding_dim;
  std::optional<int64_t> padding_idx;
  Tensor weight;  // [num_embeddings, embedding_dim]
};

}  // namespace sconce::nn
