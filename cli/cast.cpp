// A state_dict in another form.
#include "cast.h"

#include <sconce/ops.h>

#include <map>
#include <utility>

#include "dense.h"

namespace sconce::cli {
namespace {

// The whole storage as one row of elements, cast when it is first read.
Storage cast_storage(const Storage& storage, DType from, DType to) {
  const auto count = static_cast<int64_t>(storage.nbytes() / size_of(from));
  return Storage::deferred(static_cast<size_t>(count) * size_of(to), [storage, from, to, count] {
    const Tensor cast = Tensor(storage, from, Shape{count}).to(to);
    return std::shared_ptr<void>(std::make_shared<Tensor>(cast), cast.storage().data());
  });
}

}  // namespace

StateDict with_dtype(const StateDict& state, DType dtype) {
  std::map<std::pair<const void*, DType>, Storage> cast;  // views of one storage stay views of one
  StateDict out;
  for (const StateDict::Entry& entry : state) {
    if (!entry.is_tensor() || !entry.tensor().defined()) {
      out.insert(entry.key, entry.value);
      continue;
    }
    const Tensor& t = entry.tensor();
    if (!is_floating_point(t.dtype()) || !is_numeric(t.dtype()) || t.dtype() == dtype || t.device() != cpu) {
      out.insert(entry.key, entry.value);
      continue;
    }
    Storage& storage = cast[{t.storage().id(), t.dtype()}];
    if (!storage.defined()) storage = cast_storage(t.storage(), t.dtype(), dtype);
    Value value = Tensor(storage, dtype, t.shape(), t.strides(), t.storage_offset());
    if (!entry.value.attributes().is_none()) value = value.with_attributes(entry.value.attributes());
    out.insert(entry.key, std::move(value));
  }
  out.set_metadata(state.metadata());
  return out;
}

StateDict with_dense_tensors(const StateDict& state) {
  StateDict out;
  for (const StateDict::Entry& entry : state) {
    const bool plain = entry.is_tensor() || !shape_and_dtype(entry.value);
    out.insert(entry.key, plain ? entry.value : Value(dense(entry.value)));
  }
  out.set_metadata(state.metadata());
  return out;
}

}  // namespace sconce::cli
