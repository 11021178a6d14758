#include <sconce/ops/create.h>
#include <sconce/ops/pool.h>

#include <limits>

#include "support/op_cases.h"

using namespace sconce;
using namespace sconce::test;

namespace {

std::vector<int64_t> sizes(const nlohmann::json& args, const char* name, std::vector<int64_t> otherwise) {
  if (!args.contains(name)) return otherwise;
  const auto& value = args.at(name);
  if (!value.is_array()) return {value.get<int64_t>()};
  std::vector<int64_t> out;
  for (const auto& v : value) out.push_back(v.is_null() ? keep_extent : v.get<int64_t>());
  return out;
}

Tensor run(const nlohmann::json& c) {
  const auto& args = c.at("args");
  const std::string op = c.at("op").get<std::string>();
  const Tensor x = input_of(c, "x");
  const Sizes kernel = sizes(args, "kernel_size", {}), stride = sizes(args, "stride", {}),
              padding = sizes(args, "padding", {0});
  const Sizes out = sizes(args, "output_size", {});
  const bool ceil_mode = arg_of(c, "ceil_mode", false);
  if (op == "avg_pool2d") {
    std::optional<int64_t> divisor;
    if (args.contains("divisor_override")) divisor = args.at("divisor_override").get<int64_t>();
    return avg_pool2d(x, kernel, stride, padding, ceil_mode, arg_of(c, "count_include_pad", true), divisor);
  }
  const Sizes dilation = sizes(args, "dilation", {1});
  if (op == "max_pool2d") return max_pool2d(x, kernel, stride, padding, dilation, ceil_mode);
  if (op == "max_indices")
    return max_pool2d_with_indices(x, kernel, stride, padding, dilation, ceil_mode).second;
  if (op == "adaptive_avg_pool2d") return adaptive_avg_pool2d(x, out);
  if (op == "adaptive_max_pool2d") return adaptive_max_pool2d(x, out);
  REQUIRE(op == "adaptive_max_indices");
  return adaptive_max_pool2d_with_indices(x, out).second;
}

}  // namespace

TEST_CASE("pool: PyTorch's results and words") { run_cases("pool.json", run); }

TEST_CASE("pool: the lowest integer divided by -1 wraps") {
  const Tensor x = full({1, 1, 1, 1}, std::numeric_limits<int64_t>::min(), DType::i64);
  CHECK(avg_pool2d(x, {1}, {1}, {0}, false, true, -1).item<int64_t>() == std::numeric_limits<int64_t>::min());
}
