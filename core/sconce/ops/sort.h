// Order along one dimension. NaN counts as the largest number.
#pragma once
#include <sconce/ops/reduce.h>

namespace sconce {

// The k largest (or smallest) elements and their indices, in order whatever `sorted` says, the first of
// equals first. As torch.topk. Throws PyTorch's "selected index k out of range"
// (ErrorKind::invalid_argument).
ValuesIndices topk(const Tensor& self, int64_t k, int64_t dim = -1, bool largest = true, bool sorted = true);
// All elements in order, equal ones in theirs (always, `stable` or not). As torch.sort.
ValuesIndices sort(const Tensor& self, int64_t dim = -1, bool descending = false, bool stable = false);
Tensor argsort(const Tensor& self, int64_t dim = -1, bool descending = false, bool stable = false);

}  // namespace sconce
