// Parts that the functions which make tensors share.
#pragma once
#include "rebuild_calls.h"

namespace sconce {

// The storage that a tensor is made from, counted against the budget of tensors. Throws ErrorKind::corrupt
// when `v` stands for none.
NamedStorage& counted_storage(const RebuildCall& call, const Value& v);
// The view that the arguments (storage, offset, size, stride, ...) describe, with `dtype`, of `bytes`, which
// are those of `named` or a changed copy. Throws ErrorKind::corrupt when the storage is too small.
Tensor strided(const RebuildCall& call, NamedStorage& named, DType dtype, const Storage& bytes);
// The tensor with other numbers, converted when they are first asked for; itself when nothing changes. Throws
// ErrorKind::unsupported where there is no conversion.
Tensor cast_later(const RebuildCall& call, const Tensor& tensor, DType dtype);

}  // namespace sconce
