// Elementwise ops against PyTorch.
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/ops.h>

#include <limits>

#include "support/ops_by_name.h"

using namespace sconce;
using namespace sconce::test;

namespace {

// What PyTorch takes and refuses, for every dtype, with the results.
void check_dtypes(const char* kind, const std::function<std::string(const std::string&, const nlohmann::json&,
                                                                    const Tensor&, const Tensor&)>& run) {
  for (const auto& c : json_fixture("ops_dtypes.json")) {
    const Tensor x = tensor_from(c["x"]), y = tensor_from(c["y"]);
    for (const auto& item : c[kind].items()) {
      const std::string& op = item.key();
      const auto& expected = item.value();
      CAPTURE(op);
      const std::string dtype = name_of(x.dtype());
      CAPTURE(dtype);
      CHECK(run(op, expected, x, y) == "");
    }
  }
}

// 2x PyTorch's own error and one unit more; small floats are rounded once, so there PyTorch's own error is
// the bound. The fixtures' exact values are f64 themselves, so f64 has two more units for PyTorch's own
// error.
double bound(DType dtype, double torchs) {
  if (dtype == DType::f64 || dtype == DType::complex128) return 2 * torchs + 3;
  return dtype == DType::f16 || dtype == DType::bf16 ? std::max(torchs, 0.5) + 0.02 : 2 * torchs + 1;
}

}  // namespace

TEST_CASE("elementwise: every unary op takes and refuses the dtypes that torch does") {
  check_dtypes("unary",
               [](const std::string& op, const nlohmann::json& expected, const Tensor& x, const Tensor&) {
                 return judge(
                     expected, [&] { return unary_ops().at(op)(x); }, 4);
               });
}

TEST_CASE("elementwise: every binary op takes and refuses the dtypes that torch does") {
  check_dtypes("binary",
               [](const std::string& op, const nlohmann::json& expected, const Tensor& x, const Tensor& y) {
                 return judge(
                     expected, [&] { return binary_ops().at(op)(x, y); },
                     op == "pow" ? 10 : 4);  // PyTorch's complex pow is coarse
               });
}

TEST_CASE("elementwise: every op with a number takes and refuses the dtypes that torch does") {
  check_dtypes("number",
               [](const std::string& op, const nlohmann::json& expected, const Tensor& x, const Tensor&) {
                 const auto space = op.rfind(' ');
                 const Scalar s = op.substr(space + 1) == "2" ? Scalar(2) : Scalar(2.5);
                 return judge(
                     expected, [&] { return number_ops().at(op.substr(0, space))(x, s); }, 4);
               });
}

TEST_CASE("elementwise: errors against float64 stay near PyTorch's own") {
  const auto j = json_fixture("ops_accuracy.json");
  for (const char* kind : {"unary", "complex"})
    for (const auto& c : j[kind]) {
      const std::string op = c["op"];
      const Tensor x = tensor_from(c["x"]), torchs = tensor_from(c["torch"]), exact = tensor_from(c["exact"]);
      const Tensor ours = unary_ops().at(op)(x);
      CAPTURE(op);
      const std::string dtype = name_of(x.dtype());
      CAPTURE(dtype);
      REQUIRE(ours.dtype() == torchs.dtype());
      CHECK(max_ulps(ours, exact) <= bound(x.dtype(), max_ulps(torchs, exact)));
    }
  for (const auto& c : j["binary"]) {
    const std::string op = c["op"];
    const Tensor a = tensor_from(c["a"]), b = tensor_from(c["b"]), torchs = tensor_from(c["torch"]),
                 exact = tensor_from(c["exact"]);
    const Tensor ours = binary_ops().at(op)(a, b);
    CAPTURE(op);
    const std::string dtype = name_of(a.dtype());
    CAPTURE(dtype);
    CHECK(max_ulps(ours, exact) <= bound(a.dtype(), max_ulps(torchs, exact)));
  }
}

TEST_CASE("elementwise: with numbers, in every floating dtype, within an ulp of PyTorch") {
  const auto j = json_fixture("ops_accuracy.json");
  for (const auto& c : j["number"]) {
    const std::string op = c["op"];
    const Tensor a = tensor_from(c["a"]), torchs = tensor_from(c["torch"]);
    const Tensor ours = number_ops().at(op)(a, scalar_from(c["s"]));
    CAPTURE(op);
    CAPTURE(c["s"].dump());
    const std::string dtype = name_of(a.dtype());
    CAPTURE(dtype);
    const bool small = a.dtype() == DType::f16 || a.dtype() == DType::bf16;
    // PyTorch cubes small floats with a rounding at each product.
    CHECK(max_ulps(ours, torchs) <= (op == "pow" ? 2.0 : small ? 0.0 : 2.0));
  }
}

TEST_CASE("elementwise: NaN, infinities and signed zeros") {
  const auto j = json_fixture("ops_special.json");
  for (const auto& c : j["unary"]) {
    const std::string op = c["op"];
    const Tensor x = tensor_from(c["x"]);
    CAPTURE(op);
    const std::string dtype = name_of(x.dtype());
    CAPTURE(dtype);
    CHECK(judge(
              c, [&] { return unary_ops().at(op)(x); }, 2) == "");
  }
  for (const auto& c : j["binary"]) {
    const std::string op = c["op"];
    const Tensor a = tensor_from(c["a"]), b = tensor_from(c["b"]);
    CAPTURE(op);
    const std::string dtype = name_of(a.dtype());
    CAPTURE(dtype);
    CHECK(judge(
              c, [&] { return binary_ops().at(op)(a, b); }, 2) == "");
  }
  for (const auto& c : j["number"]) {
    CAPTURE(c["s"].dump());
    CHECK(judge(
              c, [&] { return pow(tensor_from(c["a"]), scalar_from(c["s"])); }, 2) == "");
  }
}

TEST_CASE("elementwise: integers wrap, promote and mix with 0-dim tensors and numbers as in PyTorch") {
  const auto j = json_fixture("ops_integers.json");
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, t] : j["tensors"].items()) tensors[name] = tensor_from(t);
  for (const auto& c : j["binary"]) {
    const std::string op = c["op"], a = c["a"], b = c["b"];
    CAPTURE(op);
    CAPTURE(a);
    CAPTURE(b);
    CHECK(judge(
              c, [&] { return binary_ops().at(op)(tensors[a], tensors[b]); }, op == "pow" ? 2 : 0) == "");
  }
  for (const auto& c : j["number"]) {
    const std::string op = c["op"], a = c["a"];
    CAPTURE(op);
    CAPTURE(a);
    CAPTURE(c["s"].dump());
    CHECK(judge(c, [&] {
            return c["s"].is_null() ? unary_ops().at(op)(tensors[a])
                                    : number_ops().at(op)(tensors[a], scalar_from(c["s"]));
          }) == "");
  }
}

TEST_CASE("elementwise: strided, broadcast, 0-dim and empty operands") {
  const auto j = json_fixture("ops_layouts.json");
  const Tensor base = tensor_from(j["base"]);
  const std::map<std::string, Tensor> views = {
      {"plain", base},
      {"transposed", base.transpose(0, 2)},
      {"row", base.select(0, 0).select(1, 0)},
      {"sliced", base.slice(0, 0, 4, 2).slice(1, 1, 5, 2)},
      {"scalar", base[0][0][0]},
      {"empty", base.slice(0, 0, 0)},
      {"expanded", base.slice(0, 0, 1).expand({4, 6, 5})},
      {"column", base.slice(1, 0, 1).slice(2, 0, 1)},
      {"last", base[1][2]},
      {"inner", base.slice(2, 2, 3)},
      {"permuted", base.permute({1, 2, 0})},
  };
  for (const auto& c : j["cases"]) {
    const std::string op = c["op"], a = c["a"], b = c.value("b", "");
    CAPTURE(op);
    CAPTURE(a);
    CAPTURE(b);
    const Tensor x = c.contains("half") ? views.at(a).to(DType::f16) : views.at(a);
    CHECK(judge(c, [&] { return b.empty() ? unary_ops().at(op)(x) : binary_ops().at(op)(x, views.at(b)); }) ==
          "");
  }
}

TEST_CASE("elementwise: large and broadcast operands over many chunks") {
  const Tensor x = arange(70 * 1000).to(DType::f32).reshape({70, 1000});
  const Tensor row = arange(1000).to(DType::f32), column = arange(70).to(DType::i32).reshape({70, 1});
  const Tensor y = x.transpose(0, 1) + column.transpose(0, 1) * row.reshape({1000, 1});
  const Tensor z = (x * 2 + row - column.to(DType::f16)).contiguous();
  REQUIRE(y.shape() == Shape{1000, 70});
  bool right = true;
  for (int64_t i = 0; i < 70; ++i)
    for (int64_t k = 0; k < 1000; ++k) {
      const float v = static_cast<float>(i * 1000 + k);
      right &= y.data<float>()[k * 70 + i] == v + static_cast<float>(i * k);
      right &= z.data<float>()[i * 1000 + k] == v * 2 + static_cast<float>(k - i);
    }
  CHECK(right);
}

TEST_CASE("elementwise: in place") {
  Tensor x = tensor<float>({1, 2, 3});
  const Tensor same = x;
  add_(x, tensor<double>({0.5, 0.5, 0.5}), 2);
  x *= 2;
  x -= same;
  x += 4;
  x /= 8;
  CHECK(same_values(same, tensor<float>({0.5f, 0.5f, 0.5f})));
  Tensor whole = tensor<int64_t>({1, 2});
  CHECK_THROWS_WITH_AS(add_(whole, 1.5), "result type Float can't be cast to the desired output type Long",
                       Error);
  CHECK_THROWS_WITH_AS(div_(whole, whole), "result type Float can't be cast to the desired output type Long",
                       Error);
  CHECK_THROWS_WITH_AS(add_(x, ones({2, 3})),
                       "output with shape [3] doesn't match the broadcast shape [2, 3]", Error);
  Tensor wide = ones({1}).expand({3});
  CHECK_THROWS_AS(add_(wide, 1), Error);
  CHECK(bit_equal(whole, tensor<int64_t>({1, 2})));
  Tensor part = x.slice(0, 1, 3);
  mul_(part, x.slice(0, 0, 2));  // overlaps
  CHECK(same_values(x, tensor<float>({0.5f, 0.25f, 0.25f})));
  CHECK(same_values(div_(whole, 2, "floor"), tensor<int64_t>({0, 1})));
}

TEST_CASE("elementwise: refusals in PyTorch's words") {
  const Tensor x = ones({2, 3}), i = tensor<int64_t>({1, 2});
  CHECK_THROWS_WITH_AS(
      add(x, ones({2, 4})),
      "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1", Error);
  CHECK_THROWS_WITH_AS(add(i, 1, 1.5),
                       "For integral input tensors, argument alpha must not be a floating point number.",
                       Error);
  CHECK_THROWS_WITH_AS(add(x, x, true), "Boolean alpha only supported for Boolean results.", Error);
  CHECK_THROWS_WITH_AS(div(i, 0, "floor"), "ZeroDivisionError", Error);
  CHECK_THROWS_WITH_AS(remainder(i, 0), "ZeroDivisionError", Error);
  CHECK_THROWS_WITH_AS(div(x, x, "foo"),
                       "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'foo'",
                       Error);
  CHECK_THROWS_WITH_AS(pow(i, -1), "Integers to negative integer powers are not allowed.", Error);
  CHECK_THROWS_WITH_AS(clamp(x), "torch.clamp: At least one of 'min' or 'max' must not be None", Error);
  CHECK_THROWS_WITH_AS(bitwise_and(x, x), "[bitwise_and] is not implemented for dtype float32", Error);
  CHECK_THROWS_WITH_AS(exp(x.to(DType::f8_e5m2)), "[exp] is not implemented for dtype float8_e5m2", Error);
  CHECK_THROWS_AS(x + x.to(DType::f8_e5m2), Error);
  CHECK_THROWS_AS(x + Tensor(), Error);
  CHECK_THROWS_AS(exp(Tensor()), Error);
  const Tensor lowest = tensor<int64_t>({std::numeric_limits<int64_t>::min()});
  CHECK(bit_equal(div(lowest, -1, "trunc"), lowest));
  CHECK(bit_equal(remainder(lowest, -1), tensor<int64_t>({0})));
  CHECK(bit_equal(neg(lowest), lowest));
}

TEST_CASE("elementwise: recorded with ATen's names and all arguments") {
  Recorder r;
  const Tensor x = r.input({2, 3}, DType::f32);
  Tensor y = add(x, ones({3}), 2) * 0.5;
  y = div(clamp(y, 0.0), y, "floor");
  y = -gelu(y) - 1;
  y = pow(exp(y), 2);
  add_(y, x);
  r.output(y);
  CHECK(y.shape() == Shape{2, 3});
  std::string ops;
  for (const Node& node : r.graph().nodes) ops += node.op + " ";
  CHECK(ops ==
        "aten.add.Tensor aten.mul.Scalar aten.clamp.default aten.div.Tensor_mode aten.gelu.default "
        "aten.neg.default "
        "aten.sub.Scalar aten.exp.default aten.pow.Tensor_Scalar aten.add_.Tensor ");
  const auto& gelu_node = r.graph().nodes[4];
  REQUIRE(gelu_node.arguments.size() == 2);
  CHECK(gelu_node.arguments[1].first == "approximate");
  CHECK(std::get<std::string>(gelu_node.arguments[1].second) == "none");
  CHECK(r.graph().nodes.back().aliasing == Aliasing::write);
  CHECK(r.graph().nodes[0].arguments.size() == 3);
  CHECK((ones({2}, DType::i64) + 1.5).dtype() == DType::f32);
}
