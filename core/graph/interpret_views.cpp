// The interpreter's table of views and copies.
#include <sconce/ops.h>

#include "graph/interpret_call.h"

namespace sconce::interpreter {

std::span<const Entry> view_entries() {
  static constexpr Entry entries[] = {
      {"aten.view.default", [](const Call& c) -> Results { return {c.self().view(c.ints("size"))}; }},
      {"aten.reshape.default", [](const Call& c) -> Results { return {c.self().reshape(c.ints("shape"))}; }},
      {"aten.flatten.using_ints",
       [](const Call& c) -> Results {
         return {c.self().flatten(c.integer("start_dim"), c.integer("end_dim"))};
       }},
      {"aten.permute.default", [](const Call& c) -> Results { return {c.self().permute(c.ints("dims"))}; }},
      {"aten.transpose.int",
       [](const Call& c) -> Results { return {c.self().transpose(c.integer("dim0"), c.integer("dim1"))}; }},
      {"aten.t.default", [](const Call& c) -> Results { return {c.self().t()}; }},
      {"aten.expand.default", [](const Call& c) -> Results { return {c.self().expand(c.ints("size"))}; }},
      {"aten.squeeze.default", [](const Call& c) -> Results { return {squeeze(c.self())}; }},
      {"aten.squeeze.dim", [](const Call& c) -> Results { return {c.self().squeeze(c.integer("dim"))}; }},
      {"aten.unsqueeze.default",
       [](const Call& c) -> Results { return {c.self().unsqueeze(c.integer("dim"))}; }},
      {"aten.select.int",
       [](const Call& c) -> Results { return {c.self().select(c.integer("dim"), c.integer("index"))}; }},
      {"aten.slice.Tensor",
       [](const Call& c) -> Results {
         return {c.self().slice(c.integer("dim"), c.integer("start"), c.integer("end"), c.integer("step"))};
       }},
      {"aten.unflatten.int",
       [](const Call& c) -> Results { return {unflatten(c.self(), c.integer("dim"), c.ints("sizes"))}; }},
      {"aten.as_strided.default",
       [](const Call& c) -> Results {
         return {as_strided(c.self(), c.ints("size"), c.ints("stride"), c.integer("storage_offset"))};
       }},
      {"aten.chunk.default",
       [](const Call& c) -> Results { return chunk(c.self(), c.integer("chunks"), c.integer("dim")); }},
      {"aten.split.Tensor",
       [](const Call& c) -> Results { return split(c.self(), c.integer("split_size"), c.integer("dim")); }},
      {"aten.split_with_sizes.default",
       [](const Call& c) -> Results { return split(c.self(), c.ints("split_sizes"), c.integer("dim")); }},
      {"aten.unbind.int", [](const Call& c) -> Results { return unbind(c.self(), c.integer("dim")); }},
      {"aten.clone.default", [](const Call& c) -> Results { return {c.self().clone()}; }},
      {"aten.to.dtype", [](const Call& c) -> Results { return {c.self().to(*c.dtype("dtype"))}; }},
      {"aten.copy_.default",
       [](const Call& c) -> Results {
         Tensor target = c.self().clone();
         target.copy_(c.tensor("src"));
         return {target};
       }},
  };
  return entries;
}

}  // namespace sconce::interpreter
