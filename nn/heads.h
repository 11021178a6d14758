// The heads of attention as a dimension, and back.
#pragma once
#include <sconce/tensor.h>

namespace sconce::nn {

// [N, T, heads * width] -> [N, heads, T, width], a view.
inline Tensor split_heads(const Tensor& x, int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

// [N, heads, T, width] -> [N, T, heads * width].
inline Tensor merge_heads(const Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
}

}  // namespace sconce::nn
