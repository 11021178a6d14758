// How far two tensors are apart.
#pragma once
#include <sconce/tensor.h>

#include <cstdint>

namespace sconce::cli {

struct Tolerance {
  double absolute = 0, relative = 0;
};

struct Difference {
  int64_t elements = 0;
  int64_t differing = 0;        // |a - b| > absolute + relative * |b|, or NaN on one side only
  int64_t nan_on_one_side = 0;  // NaN equals NaN here
  double max_absolute = 0;  // of the elements that are NaN on no side; infinity where only one is infinite
  double max_relative = 0;  // |a - b| / max(|a|, |b|), so from 0 to 2
  // Shows the largest differences first; what cannot be subtracted comes before all.
  bool worse_than(const Difference& other) const;
};

// Compares element by element, a piece at a time, on all threads. Shapes must be equal; dtypes may differ where both
// are numbers. Values count, not bits: 0.0 equals -0.0. Dtypes that are no numbers (quantized, bits) are compared by
// their bytes, each a small number. Throws what reading the tensors throws.
Difference difference_of(const Tensor& a, const Tensor& b, const Tolerance& tolerance);

}  // namespace sconce::cli
