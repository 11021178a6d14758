// scaled_dot_product_attention: PyTorch's checks; eager, it is products, a mask and a softmax.
#include <sconce/backend.h>
#include <sconce/kernel_args.h>
#include <sconce/ops/attention.h>
#include <sconce/ops/compare.h>
#include <sconce/ops/create.h>
#include <sconce/ops/elementwise.h>
#include <sconce/ops/index.h>
#include <sconce/ops/matmul.h>
#include <sconce/ops/promotion.h>
#include <sconce/ops/rearrange.h>
#include <sconce/ops/reduce.h>
#include <sconce/ops/softmax.h>

#include <cmath>
#include <limits>

#include "ops/dtype_set.h"

namespace sconce {
namespace {

void check_operands(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionOptions& o) {
  check_tensors("scaled_dot_product_attention", {&query, &key, &value}, {&o.attn_mask});
  check(query.dtype() == key.dtype() && query.dtype() == value.dtype(),
        "Expected query, key, and value to have the same dtype, but got query.dtype: ",
        type_meta_name(query.dtype()), " key.dtype: ", type_meta_name(key.dtype()),
        " and value.dtype: ", type_meta_name(value.dtype()), " instead.");
  check(query.dim() >= 2 && key.dim() >= 2 && value.dim() >= 2,
        "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: ", query.dim(),
        " key.dim: ", key.dim(), " and value.dim: ", value.dim(), " instead.");
  check_dtype("scaled_dot_product_attention", query.dtype(), dtypes::floats);
  if (o.attn_mask.defined()) {
    const DType mask = o.attn_mask.dtype();
    check(mask == DType::boolean || mask == query.dtype() || mask == DType::f32,
          "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: ",
          type_meta_name(mask), " and  query.dtype: ", type_meta_name(query.dtype()), " instead.");
    check(!o.is_causal,
          "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True");
  }
  if (o.dropout_p != 0)
    fail(ErrorKind::unsupported, "[scaled_dot_product_attention] expected dropout_p 0, got ", o.dropout_p);
  check(query.size(-1) == key.size(-1) && key.size(-2) == value.size(-2),
        "[scaled_dot_product_attention] expected query [..., L, E], key [..., S, E] and value [..., S, Ev], "
        "got ",
        query.shape(), ", ", key.shape(), " and ", value.shape());
}

std::vector<int64_t> leading(const Tensor& t) {
  const auto& e = t.shape().extents();
  return {e.begin(), e.end() - 2};
}

// The shape in front of the last two dimensions, shared heads counted as the query's.
Shape batch_of(const Tensor& query, const Tensor& key, const Tensor& value, bool grouped) {
  if (!grouped)
    return broadcast(Shape(leading(query)), broadcast(Shape(leading(key)), Shape(leading(value))));
  check(query.dim() >= 3 && key.dim() >= 3 && value.dim() >= 3 && key.size(-3) > 0 && value.size(-3) > 0 &&
            query.size(-3) % key.size(-3) == 0 && query.size(-3) % value.size(-3) == 0,
        "Number of heads in key and value must divide the number of heads in query");
  auto k = leading(key), v = leading(value);
  k.back() = v.back() = query.size(-3);
  return broadcast(Shape(leading(query)), broadcast(Shape(k), Shape(v)));
}

// Each head of dimension -3 so often, one after the other, that there are `heads`.
Tensor repeated_heads(const Tensor& t, int64_t heads) {
  const int64_t times = heads / t.size(-3);
  if (times == 1) return t;
  auto wide = leading(t), all = wide;
  wide.insert(wide.end(), {times, t.size(-2), t.size(-1)});
  all.back() = heads;
  all.insert(all.end(), {t.size(-2), t.size(-1)});
  return t.unsqueeze(-3).expand(wide).reshape(all);
}

// What the backend's own kernel gives; undefined where there is none for these.
Tensor in_one_pass(const Tensor& query, const Tensor& key, const Tensor& value, const AttentionOptions& o,
                   double scale, const Shape& shape) {
  const int64_t rank = query.dim();
  const bool f32 =
      query.dtype() == DType::f32 &&
      (!o.attn_mask.defined() || o.attn_mask.dtype() == DType::f32 || o.attn_mask.dtype() == DType::boolean);
  if (!f32 || rank > 4 || key.dim() != rank || value.dim() != rank || query.size(-1) == 0) return {};
  for (int64_t d = 0; d < rank - 2; ++d) {
    const bool heads = d == rank - 3 && o.enable_gqa;
    if (key.size(d) != value.size(d) || (!heads && key.size(d) != query.size(d))) return {};
  }
  const auto four = [](Tensor t) {
    while (t.dim() < 4) t = t.unsqueeze(0);
    return t;
  };
  Tensor out = empty(shape, DType::f32, query.device()), whole = four(out), mask;
  if (o.attn_mask.defined())
    mask = o.attn_mask.expand({whole.size(0), whole.size(1), whole.size(2), key.size(-2)});
  const bool done = backend_of(query.device())
                        .attention({four(query), four(key), four(value), mask, o.is_causal, scale, whole});
  return done ? out : Tensor();
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& o) {
  check_operands(query, key, value, o);
  const Shape batch = batch_of(query, key, value, o.enable_gqa);
  const int64_t rows = query.size(-2), places = key.size(-2);
  const auto with = [&](int64_t a, int64_t b) {
    std::vector<int64_t> extents = batch.extents();
    extents.insert(extents.end(), {a, b});
    return Shape(std::move(extents));
  };
  if (o.attn_mask.defined()) {
    const Shape scores = with(rows, places);
    check(broadcast(o.attn_mask.shape(), scores) == scores, "The size of tensor attn_mask ",
          o.attn_mask.shape(), " must broadcast to that of the scores ", scores);
  }
  const Shape shape = with(rows, value.size(-1));
  if (Recorder* r = Recorder::active())
    return r->record("aten.scaled_dot_product_attention.default",
                     {{"query", query},
                      {"key", key},
                      {"value", value},
                      {"attn_mask", o.attn_mask},
                      {"dropout_p", o.dropout_p},
                      {"is_causal", o.is_causal},
                      {"scale", o.scale ? Recorder::Input(*o.scale) : Recorder::Input()},
                      {"enable_gqa", o.enable_gqa}},
                     shape, query.dtype());
  if (shape.numel() == 0) return empty(shape, query.dtype(), query.device());
  if (places == 0) return zeros(shape, query.dtype(), query.device());

  const double scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  if (const Tensor out = in_one_pass(query, key, value, o, scale, shape); out.defined()) return out;
  const DType compute = compute_dtype(query.dtype());
  const Tensor q = query.to(compute);
  const Tensor k = o.enable_gqa ? repeated_heads(key.to(compute), query.size(-3)) : key.to(compute);
  const Tensor v = o.enable_gqa ? repeated_heads(value.to(compute), query.size(-3)) : value.to(compute);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Tensor scores = mul(matmul(q, k.transpose(-2, -1)), scale);
  if (o.is_causal)
    scores = where(tril(ones({rows, places}, DType::boolean, query.device())), scores, -infinity);
  else if (o.attn_mask.defined() && o.attn_mask.dtype() == DType::boolean)
    scores = where(o.attn_mask, scores, -infinity);
  else if (o.attn_mask.defined())
    scores = add(scores, o.attn_mask.to(compute));
  Tensor weights = softmax(scores, -1);
  if (o.attn_mask.defined())  // a row of -inf would be one of NaN
    weights = masked_fill(weights, eq(amax(scores, -1, true), -infinity), 0);
  return matmul(weights, v).to(query.dtype());
}

}  // namespace sconce
