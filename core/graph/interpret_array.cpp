// The interpreter's table of reductions, sorting, joining, looking up and rearranging.
#include <sconce/ops.h>

#include "graph/interpret_call.h"

namespace sconce::interpreter {
namespace {

template <Tensor (*f)(const Tensor&, const Dims&, bool, std::optional<DType>)>
Results sum_all(const Call& c) {
  return {f(c.self(), {}, false, c.dtype("dtype"))};
}
template <Tensor (*f)(const Tensor&, const Dims&, bool, std::optional<DType>)>
Results sum_along(const Call& c) {
  return {f(c.self(), c.ints("dim"), c.flag("keepdim"), c.dtype("dtype"))};
}
template <Tensor (*f)(const Tensor&, const Dims&, bool)>
Results along(const Call& c) {
  return {f(c.self(), c.ints("dim"), c.flag("keepdim"))};
}
template <Tensor (*f)(const Tensor&, const Dims&, bool)>
Results over_all(const Call& c) {
  return {f(c.self(), {}, false)};
}
template <Tensor (*f)(const Tensor&, const Dims&, double, bool)>
Results spread(const Call& c) {
  return {f(c.self(), c.ints("dim"), c.number("correction"), c.flag("keepdim"))};
}
template <Tensor (*f)(const Tensor&)>
Results of_all(const Call& c) {
  return {f(c.self())};
}
template <ValuesIndices (*f)(const Tensor&, int64_t, bool)>
Results with_index(const Call& c) {
  const ValuesIndices both = f(c.self(), c.integer("dim"), c.flag("keepdim"));
  return {both.values, both.indices};
}
template <Tensor (*f)(const Tensor&, std::optional<int64_t>, bool)>
Results index_of(const Call& c) {
  if (c.is_none("dim")) return {f(c.self(), {}, c.flag("keepdim"))};
  return {f(c.self(), c.integer("dim"), c.flag("keepdim"))};
}
template <Tensor (*f)(const Tensor&, int64_t, std::optional<DType>)>
Results scan(const Call& c) {
  return {f(c.self(), c.integer("dim"), c.dtype("dtype"))};
}
Results sorted(const Call& c) {
  const ValuesIndices both = sort(c.self(), c.integer("dim"), c.flag("descending"), true);
  return {both.values, both.indices};
}

}  // namespace

std::span<const Entry> array_entries() {
  static constexpr Entry entries[] = {
      {"aten.sum.default", sum_all<sum>},
      {"aten.sum.dim_IntList", sum_along<sum>},
      {"aten.mean.default", sum_all<mean>},
      {"aten.mean.dim", sum_along<mean>},
      {"aten.prod.default", sum_all<prod>},
      {"aten.prod.dim_int", sum_along<prod>},
      {"aten.amax.default", along<amax>},
      {"aten.amin.default", along<amin>},
      {"aten.max.default", of_all<max>},
      {"aten.min.default", of_all<min>},
      {"aten.max.dim", with_index<max>},
      {"aten.min.dim", with_index<min>},
      {"aten.argmax.default", index_of<argmax>},
      {"aten.argmin.default", index_of<argmin>},
      {"aten.any.default", over_all<any>},
      {"aten.any.dims", along<any>},
      {"aten.all.default", over_all<all>},
      {"aten.all.dims", along<all>},
      {"aten.var.correction", spread<var>},
      {"aten.std.correction", spread<std>},
      {"aten.logsumexp.default", along<logsumexp>},
      {"aten.linalg_vector_norm.default",
       [](const Call& c) -> Results {
         return {vector_norm(c.self(), c.number("ord"), c.ints("dim"), c.flag("keepdim"))};
       }},
      {"aten.cumsum.default", scan<cumsum>},
      {"aten.cumprod.default", scan<cumprod>},
      {"aten.softmax.int", scan<softmax>},
      {"aten.log_softmax.int", scan<log_softmax>},
      {"aten.topk.default",
       [](const Call& c) -> Results {
         const ValuesIndices both =
             topk(c.self(), c.integer("k"), c.integer("dim"), c.flag("largest"), c.flag("sorted"));
         return {both.values, both.indices};
       }},
      {"aten.sort.default", sorted},
      {"aten.sort.stable", sorted},
      {"aten.cat.default",
       [](const Call& c) -> Results { return {cat(c.tensors("tensors"), c.integer("dim"))}; }},
      {"aten.stack.default",
       [](const Call& c) -> Results { return {stack(c.tensors("tensors"), c.integer("dim"))}; }},
      {"aten.where.self",
       [](const Call& c) -> Results { return {where(c.tensor("condition"), c.self(), c.other())}; }},
      {"aten.masked_fill.Scalar",
       [](const Call& c) -> Results { return {masked_fill(c.self(), c.tensor("mask"), c.scalar("value"))}; }},
      {"aten.one_hot.default",
       [](const Call& c) -> Results { return {one_hot(c.self(), c.integer("num_classes"))}; }},
      {"aten.index_select.default",
       [](const Call& c) -> Results {
         return {index_select(c.self(), c.integer("dim"), c.tensor("index"))};
       }},
      {"aten.gather.default",
       [](const Call& c) -> Results { return {gather(c.self(), c.integer("dim"), c.tensor("index"))}; }},
      {"aten.index.Tensor",
       [](const Call& c) -> Results {
         const std::vector<Tensor> indices = c.tensors("indices");
         check(indices.size() == 1, "[index] expected one index, got ", indices.size());
         return {index(c.self(), indices[0])};
       }},
      {"aten.index_copy.default",
       [](const Call& c) -> Results {
         return {index_copy(c.self(), c.integer("dim"), c.tensor("index"), c.tensor("source"))};
       }},
      {"aten.embedding.default",
       [](const Call& c) -> Results {
         return {embedding(c.tensor("weight"), c.tensor("indices"), c.integer("padding_idx"))};
       }},
      {"aten.pad.default",
       [](const Call& c) -> Results {
         std::optional<Scalar> value;
         if (!c.is_none("value")) value = c.scalar("value");
         return {pad(c.self(), c.ints("pad"), c.text("mode"), value)};
       }},
      {"aten.roll.default",
       [](const Call& c) -> Results { return {roll(c.self(), c.ints("shifts"), c.ints("dims"))}; }},
      {"aten.flip.default", [](const Call& c) -> Results { return {flip(c.self(), c.ints("dims"))}; }},
      {"aten.tril.default", [](const Call& c) -> Results { return {tril(c.self(), c.integer("diagonal"))}; }},
      {"aten.triu.default", [](const Call& c) -> Results { return {triu(c.self(), c.integer("diagonal"))}; }},
  };
  return entries;
}

}  // namespace sconce::interpreter
