// Activations' own arguments; their agreement with PyTorch over dtypes and values is in
// elementwise_test.cpp's tables.
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/ops.h>

#include "support/ops_by_name.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("activation: in place") {
  const Tensor base = tensor<float>({-1, 2, -3, 4}).reshape({2, 2});
  Tensor column = base.t()[0];
  CHECK(same_values(relu_(column), tensor<float>({0, 0})));
  CHECK(same_values(base, tensor<float>({0, 2, 0, 4}).reshape({2, 2})));
  Tensor wide = ones({1}).expand({3});
  CHECK_THROWS_AS(relu_(wide), Error);
}

TEST_CASE("activation: refusals") {
  const Tensor x = ones({2});
  CHECK_THROWS_WITH_AS(gelu(x, "foo"), "approximate argument must be either none or tanh.", Error);
  CHECK_THROWS_WITH_AS(hardtanh(x, 2, 1), "[hardtanh] min_val cannot be greater than max_val", Error);
  CHECK_THROWS_WITH_AS(leaky_relu(x.to(DType::i64)), "[leaky_relu] is not implemented for dtype int64",
                       Error);
  CHECK_THROWS_WITH_AS(clamp(x.to(DType::i8), 1000),
                       "Clamp min value 1000 is outside the representable range of Char", Error);
  CHECK_THROWS_AS(hardtanh(x.to(DType::i8), -1.5, 1e30), Error);
}

TEST_CASE("activation: recorded with their arguments") {
  Recorder r;
  Tensor x = r.input({2}, DType::bf16);
  x = softplus(elu(leaky_relu(x, 0.2)));
  x = hardtanh(relu6(x), -1, 1);
  CHECK(x.dtype() == DType::bf16);
  relu_(x);
  const std::string graph = r.graph().str();
  CAPTURE(graph);
  CHECK(graph.find("aten.leaky_relu.default(self=%0, negative_slope=0.2)") != std::string::npos);
  CHECK(graph.find("scale=1, input_scale=1") != std::string::npos);
  CHECK(graph.find("aten.relu_.default") != std::string::npos);
}
