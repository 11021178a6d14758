// NumPy's dtype, scalars and arrays, as they lie pickled in checkpoints.
#pragma once
#include "storage_source.h"

#include <sconce/value.h>

#include <optional>

namespace sconce {

// numpy.core.multiarray.scalar(dtype, bytes) as a number. Nothing for dtypes that Sconce has no number for
// (str, datetime).
std::optional<Value> numpy_scalar(const Value& dtype, const Value& bytes);
// An array's elements as a tensor of its own memory. Nothing for dtypes that no tensor has. Throws
// ErrorKind::corrupt when shape and bytes disagree.
std::optional<Tensor> numpy_array(const Value& shape, const Value& dtype, bool fortran_order,
                                  const Value& bytes, MaterializedBytes& materialized);

}  // namespace sconce
