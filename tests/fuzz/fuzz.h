// What the targets share: budgets that keep one execution small, and a walk over all that was read.
#pragma once
#include <sconce/checkpoint.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>
#include <sconce/tensors_in.h>

#include <algorithm>

namespace sconce::fuzz {

inline Budget small_budget() {
  Budget budget;
  budget.opcodes = 1'000'000;
  budget.tree_bytes = 16 << 20;
  budget.materialized_bytes = 16 << 20;
  return budget;
}

inline LoadOptions small_options(size_t size, Profile profile) {
  LoadOptions options;
  options.verify_crc = size % 2 == 0;  // the mutator rarely hits a checksum
  options.profile = profile;
  options.budget = small_budget();
  return options;
}

// Touches a tensor's storage at both ends and in between, and the last element that its shape reaches.
inline void read_all(const Tensor& t) {
  if (!t.defined() || t.device() == meta) return;
  const auto* from = static_cast<const unsigned char*>(t.storage().data());
  const size_t nbytes = t.storage().nbytes();
  volatile int seen = 0;
  for (size_t i = 0; i < nbytes; i += 64) seen = seen + from[i];
  if (nbytes > 0) seen = seen + from[nbytes - 1];
  int64_t last = t.storage_offset();
  for (int64_t d = 0; d < t.dim(); ++d) last += std::max<int64_t>(t.size(d) - 1, 0) * t.stride(d);
  if (t.numel() == 0) return;
  const size_t size = size_of(t.dtype());
  seen = seen + from[static_cast<size_t>(last) * size] + from[static_cast<size_t>(last) * size + size - 1];
}

// Runs f, which may throw an Error and nothing else.
template <class F>
void may_fail(const F& f) {
  try {
    f();
  } catch (const Error&) {
  }
}

// Every tensor of a tree, and its text.
inline void read_all(const Value& root) {
  (void)root.repr(1000);
  for (const NamedTensor& named : tensors_in(root)) {
    for (const Tensor& part : named.parts()) may_fail([&] { read_all(part); });
    if (named.value.kind() == Value::Kind::quantized)
      may_fail([&] { (void)named.value.as_quantized().dequantize(1 << 20); });
    if (named.value.kind() == Value::Kind::sparse)
      may_fail([&] { (void)named.value.as_sparse().to_dense(1 << 20); });
  }
}

}  // namespace sconce::fuzz
