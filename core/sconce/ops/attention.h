// Attention.
#pragma once
#include <sconce/tensor.h>

#include <optional>

namespace sconce {

// The keyword arguments of torch.nn.functional.scaled_dot_product_attention.
struct AttentionOptions {
  Tensor attn_mask = {};   // undefined, boolean (true: takes part) or of the query's dtype (is added)
  double dropout_p = 0.0;  // only 0: nothing here trains
  bool is_causal = false;  // place i sees the places 0..i of the keys; excludes attn_mask
  std::optional<double> scale = {};  // what the products are multiplied by; by default 1 / sqrt(E)
  bool enable_gqa = false;  // heads (dimension -3) of key and value may be fewer, dividing the query's
};

// softmax(query @ key.T * scale + mask) @ value, as torch.nn.functional.scaled_dot_product_attention: query
// [..., L, E], key [..., S, E], value [..., S, Ev] -> [..., L, Ev]; leading dimensions and the mask ([..., L, S])
// broadcast. A place that may see nothing gets zeros. Takes f64 f32 f16 bf16, all of one dtype; small floats are
// computed in f32 and rounded once. Throws PyTorch's words (ErrorKind::invalid_argument) on dtypes and ranks that
// do not fit, ErrorKind::unsupported for another dtype or for dropout.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options = {});

}  // namespace sconce
