#include <sconce/ops/norm.h>

#include "support/op_cases.h"

using namespace sconce;
using namespace sconce::test;

namespace {

Tensor run(const nlohmann::json& c) {
  const std::string op = c.at("op").get<std::string>();
  const Tensor x = input_of(c, "x"), weight = input_of(c, "weight"), bias = input_of(c, "bias");
  const double eps = arg_of(c, "eps", 1e-5);
  if (op == "layer_norm") return layer_norm(x, arg_of(c, "shape", std::vector<int64_t>{}), weight, bias, eps);
  if (op == "group_norm") return group_norm(x, arg_of<int64_t>(c, "groups", 1), weight, bias, eps);
  REQUIRE(op == "batch_norm");
  return batch_norm(x, input_of(c, "mean"), input_of(c, "var"), weight, bias, arg_of(c, "training", false),
                    0.1, eps);
}

}  // namespace

TEST_CASE("norm: PyTorch's results and words") { run_cases("norm.json", run); }
