// Attention of f32 heads where they lie, by the engine's operator.
#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>
#include <sconce/threads.h>

#include "cpu/cpu_backend.h"
#include "cpu/engine/attention.h"
#include "cpu/isa_choice.h"

namespace sconce {
namespace {

engine::HeadRows rows_of(const Tensor& t) { return {t.stride(0), t.stride(2), t.stride(1)}; }

}  // namespace

bool CpuBackend::attention(const AttentionArgs& a) {
  const auto dense = [](const Tensor& t) { return t.size(3) == 1 || t.stride(3) == 1 ? t : t.contiguous(); };
  const Tensor query = dense(a.query), key = dense(a.key), value = dense(a.value);
  engine::AttentionGeometry g;
  g.images = query.size(0), g.heads = query.size(1), g.key_heads = key.size(1);
  g.queries = query.size(2), g.keys = key.size(2), g.head_size = query.size(3), g.value_size = value.size(3);
  g.query = rows_of(query), g.key = rows_of(key), g.value = rows_of(value), g.output = rows_of(a.out);
  g.scale = static_cast<float>(a.scale), g.causal = a.is_causal;
  const void* mask = nullptr;
  if (a.mask.defined()) {
    if (a.mask.stride(3) > 1) return false;
    g.mask = a.mask.dtype() == DType::boolean ? engine::MaskKind::allowed : engine::MaskKind::added;
    g.mask_image = a.mask.stride(0), g.mask_head = a.mask.stride(1), g.mask_query = a.mask.stride(2),
    g.mask_key = a.mask.stride(3);
    mask = a.mask.data();
  }
  const auto op = engine::make_attention(g, sconce::best_kernels());
  const void* const inputs[] = {query.data(), key.data(), value.data(), mask, nullptr};
  void* const outputs[] = {a.out.mutable_data()};
  parallel_for(0, op->pieces(), 1, [&](int64_t begin, int64_t end) {
    Tensor scratch = empty({op->scratch_bytes() / 4 + 16}, DType::f32);
    op->run(begin, end, {inputs, outputs}, scratch.mutable_data());
  });
  return true;
}

}  // namespace sconce
