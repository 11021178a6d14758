// What ops that write into their operand check first.
#pragma once
#include <sconce/tensor.h>

namespace sconce {

// Throws ErrorKind::invalid_argument unless a result of `shape` fits self and each element of self has memory
// of its own.
inline void check_writable(const Tensor& self, const Shape& shape) {
  check(self.shape() == shape, "output with shape ", self.shape(), " doesn't match the broadcast shape ",
        shape);
  for (int64_t d = 0; d < self.dim(); ++d)
    check(self.size(d) <= 1 || self.stride(d) != 0,
          "unsupported operation: more than one element of the written-to tensor refers to a single memory "
          "location. Please "
          "clone() the tensor before performing the operation.");
}

}  // namespace sconce
