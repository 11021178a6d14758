#include <sconce/ops/interpolate.h>

#include "support/op_cases.h"

using namespace sconce;
using namespace sconce::test;

namespace {

template <class T>
std::vector<T> list(const nlohmann::json& args, const char* name) {
  if (!args.contains(name)) return {};
  const auto& value = args.at(name);
  return value.is_array() ? value.get<std::vector<T>>() : std::vector<T>{value.get<T>()};
}

Tensor run(const nlohmann::json& c) {
  const auto& args = c.at("args");
  InterpolateOptions o;
  o.size = list<int64_t>(args, "size");
  o.scale_factor = list<double>(args, "scale_factor");
  o.mode = arg_of<std::string>(c, "mode", "nearest");
  if (args.contains("align_corners")) o.align_corners = args.at("align_corners").get<bool>();
  o.recompute_scale_factor = arg_of(c, "recompute_scale_factor", false);
  o.antialias = arg_of(c, "antialias", false);
  return interpolate(input_of(c, "x"), o);
}

}  // namespace

TEST_CASE("interpolate: PyTorch's results and words") { run_cases("interpolate.json", run); }
